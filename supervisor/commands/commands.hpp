#pragma once
#include <cstdint>
#include <optional>
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

/// One check, once, with grpc_health_probe's exit codes: 0 Pass; 1 the probe does not parse; 2 could not connect or
/// could not ask; 3 no answer in time; 4 answered, and is unhealthy. `own_container` is podmedic's own container's
/// name. With `record_seconds` above 0: a check every period for so long, and what each saw, a line each (a trace of
/// test/judgement); then 0.
int probe(const std::string& yaml, const std::string& own_container, double timeout_seconds, double record_seconds);

/// The kubelet's exec probes of the sidecar: readiness, startup or liveness.
int check(const std::string& state_directory, const std::string& what);
/// The sidecar's preStop hook.
int stand_down(const std::string& state_directory);
/// Asks the sidecar for a restart of one container, or of all where none is named.
struct restart_options {
  std::string state_directory;
  std::string reason;
  std::string container = {};          ///< empty: all
  std::string id = {};                 ///< the same one twice is one restart
  std::string if_started_before = {};  ///< RFC 3339; empty: whenever
};
int restart(const restart_options& options);
/// What the sidecar sees, decides, and did.
int status(const std::string& state_directory, bool as_json);

/// The script by which bash, fish or zsh completes podmedic's words (completion.hpp).
int completion(const std::string& shell);

/// The annotations of presets, given as podmedic.io/preset is: `vllm`, or `{vllm: {port: 8001}}`. Empty: lists their
/// names.
int preset(const std::string& which);

struct diagnostics_options {
  std::string state_directory;
  std::optional<std::uint64_t> number = {};  ///< of the restart; 0: no restart followed
  std::string file = {};                     ///< of that restart, or of the last one; empty: all
  bool raw = false;                          ///< as it is, and not made fit for a terminal
};
/// Lists what was kept before restarts, or prints it.
int show_diagnostics(const diagnostics_options& asked);

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

struct validate_options {
  std::vector<std::string> files;  ///< of manifests; "-" is the standard input
  bool strict = false;             ///< warnings count as mistakes
  bool as_json = false;
};
/// All that is wrong with the Pods in the files. 0: nothing, or warnings alone; 1: mistakes; 2: a file cannot be read.
int validate(const validate_options& options);

struct inject_options {
  std::string file = "-";
  std::string image = "podmedic:" PODMEDIC_VERSION;
  std::string restart_method = "RestartAllContainers";  ///< or SignalAll
  std::string service_account;
  bool uninject = false;
};
/// Prints a manifest with podmedic in its Pods, or without. 0: done; 1: it cannot be done, and nothing is printed; 2:
/// the file cannot be read.
int inject(const inject_options& options);

struct explain_options {
  std::string file;  ///< a manifest; empty: the Pod that this runs in
  std::string podinfo_file;
  std::string state_directory;
  std::string limits;  ///< of config::keep_within
};
/// Every value that holds and who said it, and what a failure leads to; in the Pod also what stands in its way now. 0,
/// or 1: there is no Pod with podmedic, 2: could not read.
int explain(const explain_options& options);

struct simulate_options {
  std::string file;  ///< the value of podmedic.io/policy, or a Pod's manifest; empty: the defaults
  int replicas = 10;
  double hours = 24;
  std::vector<std::string> faults;
  std::string warm_up;
  std::string restart_takes;
  std::uint64_t seed = 1;
  bool without_api = false;  ///< podmedic may not use it: replicas take no turns
  std::string plot;          ///< an SVG file to write
  bool as_json = false;
};
/// A fleet with that policy, and what goes wrong with it, in virtual time. 0: all invariants held; 1: one did not, or
/// what was given is wrong.
int simulate(const simulate_options& options);

}  // namespace podmedic::commands
