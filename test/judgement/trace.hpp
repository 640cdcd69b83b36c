#pragma once
#include "base/time.hpp"
#include "supervisor/config/configuration.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// Situations that were publicly reported, as text files that one can read, judged by the code that decides in the Pod.
namespace podmedic::judgement {

/// What was seen at a time: a probe's sample (surroundings::on_sample), or a verdict where there was none to take.
struct observation {
  milliseconds at;
  std::string of;    ///< a probe's name, "liveness" or "container"
  std::string what;  ///< the rest of the line
};

/// What podmedic should decide, written down before it was asked.
struct expectation {
  std::string decision;   ///< RestartAllContainers, RestartContainer or None
  std::string scope;      ///< Pod, or the container's name; empty for None
  std::string diagnosis;  ///< a reason that must be told by the bound; empty: no matter
  milliseconds bound{0};  ///< from the fault to the decision; of no meaning for a busy trace
};

/// A trace file: a YAML mapping, a line `---`, and a line for each observation: SECONDS NAME WHAT. Lines that begin
/// with
/// `#` are for people.
///
/// NAME is a probe of `annotations`; or `liveness`, with what its endpoint does from then on (`answers=SECONDS
/// status=CODE` or `refuses=1`); or `container`, with the name of one that has a new main process at that time. WHAT of
/// a probe is its sample, or `verdict=Pass|Fail|Unknown reason=… message=…`.
struct trace {
  std::string name;
  bool failure = false;  ///< else busy, and healthy
  std::string source;    ///< the address of the report
  std::string title;     ///< the report's own
  std::string story;     ///< what it reports
  std::string recorded;  ///< the real processes that it was recorded from; empty: written from the report's numbers
  config::configuration with;
  milliseconds started{0};  ///< when the containers started, mostly long before 0
  milliseconds fault{0};
  milliseconds end{0};  ///< the last observation
  expectation expected;
  std::vector<observation> seen;  ///< in the order of time
};

/// Throws std::runtime_error with file and line where it is no trace.
trace read_trace(const std::filesystem::path& file);

}  // namespace podmedic::judgement
