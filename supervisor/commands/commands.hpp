#pragma once
#include <string>
#include <vector>

/// The commands of the podmedic program. Each returns the process's exit code, which is never the restart code except
/// from `run`.
namespace podmedic {
struct run_options;
}

namespace podmedic::commands {

inline constexpr int success = 0;
inline constexpr int usage_error = 1;

/// Parses the command line and runs the command.
int run_command_line(int argument_count, char** arguments);

/// The sidecar itself.
int run(run_options options);

/// One check, once, with grpc_health_probe's exit codes: 0 Pass; 1 the probe does not parse; 2 could not connect or could
/// not ask; 3 no answer in time; 4 answered, and is unhealthy.
int probe(const std::string& yaml, double timeout_seconds);

/// The kubelet's exec probes of the sidecar: readiness, startup or liveness.
int check(const std::string& state_directory, const std::string& what);
/// The sidecar's preStop hook.
int stand_down(const std::string& state_directory);
/// Asks the sidecar for a restart of all containers.
int restart(const std::string& state_directory, const std::string& reason);
/// What the sidecar sees, decides, and did.
int status(const std::string& state_directory, bool as_json);

struct rehearse_options {
  std::string pod_file;
  std::string scenario_file;
  std::string fault;
  std::vector<std::string> path;  ///< directories of programs, before PATH
  double limit_seconds = 60;
  bool as_json = false;
};
/// Runs a Pod's containers as local processes under the kubelet's restart semantics, and a fault in it. 0: all was as
/// expected; 1: it was not, or the manifest is wrong; 130: interrupted.
int rehearse(const rehearse_options& options);

}  // namespace podmedic::commands
