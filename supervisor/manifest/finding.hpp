#pragma once
#include "supervisor/manifest/document.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace podmedic::manifest {

/// A note is worth a thought; a warning may cost an outage one day; with an error podmedic does not do its work, or
/// does harm.
enum class severity { note, warning, error };

struct finding {
  severity is;
  int line;             ///< of the file, from 1
  int column;           ///< in characters, from 1
  std::string check;    ///< CamelCase, for programs: RestartRule
  std::string message;  ///< what is wrong
  std::string fix;      ///< what to do; empty where the message says it
};

/// Gathers what is wrong in one document.
class findings {
 public:
  findings(const document& in, std::vector<finding>& into) : in_(in), into_(into) {}
  void add(severity is, const node& at, std::string_view check, std::string message, std::string fix);
  /// Lines and columns from 1, in the document.
  void add(severity is, yaml::position at, std::string_view check, std::string message, std::string fix);

 private:
  const document& in_;
  std::vector<finding>& into_;
};

}  // namespace podmedic::manifest
