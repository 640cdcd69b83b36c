#pragma once
#include "trace.hpp"

#include <set>

namespace podmedic::judgement {

/// What podmedic does in a trace.
struct decision {
  std::string what = "None";                               ///< as expectation::decision
  std::string scope;                                       ///< Pod, or the container's name
  std::optional<milliseconds> at;                          ///< when it left traffic for it, in the time of the trace
  std::vector<std::pair<milliseconds, std::string>> told;  ///< reasons of diagnoses and notices, each when first told
};

/// Judges the trace's samples with the probes' own judges, and what follows with policy::medic, in virtual time. Drains
/// take the settle time; all else that the medic asks for is done at once. Ends with the first restart. Throws
/// std::invalid_argument where a line is no sample of its probe's kind.
decision replay(const trace& of);

/// Whether it is what the trace expects, in time.
bool as_expected(const trace& of, const decision& made);

}  // namespace podmedic::judgement
