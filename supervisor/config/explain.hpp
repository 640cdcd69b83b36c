#pragma once
#include "supervisor/config/configuration.hpp"

#include <string>
#include <vector>

namespace podmedic::config {

/// A value that holds, and who said it.
struct explained {
  std::string annotation;
  std::string field;  ///< as in "budget.restarts"; empty: the annotation as a whole
  std::string value;
  std::string from;  ///< "default", "annotation", "preset vllm", or "default; the annotation has a mistake there"
};

/// Mode and policy, field by field, then the fields of each probe that all kinds have.
std::vector<explained> explain(const annotations& given);

/// What a probe that fails leads to, as a sentence: "3 failures in a row, 2 s apart, and one more check; then …".
std::string consequence(const policy::probe_rules& probe, const probe_entry& entry, const policy::rules& rules);

}  // namespace podmedic::config
