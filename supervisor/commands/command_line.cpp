#include "supervisor/commands/commands.hpp"
#include "supervisor/options.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>

namespace podmedic::commands {
namespace {

constexpr const char* about =
    "podmedic: an in-Pod supervisor sidecar for Kubernetes.\n\n"
    "It probes what a liveness probe cannot see, drains traffic, restarts the Pod's containers in place, watches whether\n"
    "that helped, and cannot loop. It is configured by annotations of its Pod: `probe.podmedic.io/NAME`,\n"
    "`hook.podmedic.io/NAME`, `podmedic.io/mode` and `podmedic.io/policy`.\n\n"
    "Try it without a cluster:  podmedic rehearse -f pod.yaml --fault 'engine: stop'\n"
    "Try one check:             podmedic probe 'grpc: {port: 8001}'\n"
    "See what a sidecar sees:   kubectl exec POD -c podmedic -- podmedic status";

CLI::Option* add_state_directory(CLI::App& to, std::string& directory) {
  return to.add_option("--state-dir", directory, "Directory of the ledger and of the sidecar's socket: an emptyDir")
      ->envname("PODMEDIC_STATE_DIR")
      ->capture_default_str();
}

void add_run_options(CLI::App& run, run_options& options) {
  add_state_directory(run, options.state_directory);
  run.add_option("--podinfo", options.podinfo_file, "File of the Pod's annotations, from a downwardAPI volume")
      ->envname("PODMEDIC_PODINFO")->capture_default_str();
  run.add_option("--address", options.address, "IP address to listen on")->envname("PODMEDIC_ADDRESS")->capture_default_str();
  run.add_option("--port", options.port, "TCP port of /metrics, /status, /healthz, /readyz and /startupz; 0: any free one")
      ->envname("PODMEDIC_PORT")->capture_default_str();
  run.add_option("--restart-exit-code", options.restart_exit_code,
                 "Exit code that the sidecar's restartPolicyRules map to RestartAllContainers")
      ->envname("PODMEDIC_RESTART_EXIT_CODE")->check(CLI::Range(3, 125))->capture_default_str();
  run.add_option("--container", options.container, "podmedic's own container name in the Pod")
      ->envname("PODMEDIC_CONTAINER")->capture_default_str();
  run.add_option("--pod-name", options.pod_name, "Name of the Pod; by default the host name")->envname("PODMEDIC_POD_NAME");
  run.add_option("--log-format", options.log_format, "text or json")
      ->envname("PODMEDIC_LOG_FORMAT")
      ->transform(CLI::CheckedTransformer(std::map<std::string, log::format>{{"text", log::format::text}, {"json", log::format::json}}))
      ->default_str("text");
  run.add_option("--log-level", options.log_level, "debug, info, warning or error")
      ->envname("PODMEDIC_LOG_LEVEL")
      ->transform(CLI::CheckedTransformer(std::map<std::string, log::level>{{"debug", log::level::debug},
                                                                            {"info", log::level::info},
                                                                            {"warning", log::level::warning},
                                                                            {"error", log::level::error}}))
      ->default_str("info");
  // Set by `podmedic rehearse` for the sidecar that it starts.
  run.add_option("--rehearsed-pod", options.rehearsed_pod)->envname("PODMEDIC_POD")->group("");
}

}  // namespace

int run_command_line(int argument_count, char** arguments) {
  CLI::App app(about, "podmedic");
  app.set_version_flag("--version", "podmedic " PODMEDIC_VERSION);
  app.require_subcommand(1);
  app.failure_message([](const CLI::App* failed, const CLI::Error& error) {
    return "podmedic: " + std::string(error.what()) + ". Run `podmedic " +
           (failed->get_name() == "podmedic" ? "" : failed->get_name() + " ") + "--help` to see what there is.\n";
  });
  int exit_code = success;

  run_options run_with;
  std::int64_t rehearsed_sandbox_started = -1;
  CLI::App* run_command = app.add_subcommand("run", "The sidecar: probe, drain, restart, watch. Never ends for a fault of its surroundings");
  add_run_options(*run_command, run_with);
  run_command->add_option("--rehearsed-sandbox-started-ms", rehearsed_sandbox_started)
      ->envname("PODMEDIC_SANDBOX_STARTED_MS")->group("");
  run_command->callback([&] {
    if (rehearsed_sandbox_started >= 0) run_with.rehearsed_sandbox_started = instant(milliseconds(rehearsed_sandbox_started));
    exit_code = run(run_with);
  });

  std::string yaml;
  double timeout_seconds = 0;
  CLI::App* probe_command = app.add_subcommand("probe", "Run one check once. Exit code 0: Pass; 1: no valid probe; 2: could not ask; 3: timed out; 4: unhealthy");
  probe_command->add_option("yaml", yaml, "A probe as in the annotation probe.podmedic.io/NAME, e.g. 'grpc: {port: 8001}'")->required();
  probe_command->add_option("--timeout-seconds", timeout_seconds, "Instead of the probe's timeoutSeconds");
  probe_command->callback([&] { exit_code = probe(yaml, timeout_seconds); });

  std::string state_directory = run_with.state_directory;
  bool as_json = false;
  CLI::App* status_command = app.add_subcommand("status", "What the sidecar of this Pod sees, decides and did");
  add_state_directory(*status_command, state_directory);
  status_command->add_flag_callback("--json", [&] { as_json = true; }, "The whole status as JSON");
  status_command->callback([&] { exit_code = status(state_directory, as_json); });

  std::string reason;
  CLI::App* restart_command = app.add_subcommand("restart", "Ask the sidecar to drain and restart all containers, within budget, back-off and windows");
  add_state_directory(*restart_command, state_directory);
  restart_command->add_option("--reason", reason, "Why; kept in the ledger and told in the Event")->required();
  restart_command->callback([&] { exit_code = restart(state_directory, reason); });

  std::string what;
  CLI::App* check_command = app.add_subcommand("check", "For the sidecar's own exec probes: exit code 0 if it is ready, started or alive");
  add_state_directory(*check_command, state_directory);
  check_command->add_option("what", what, "readiness, startup or liveness")->required()
      ->check(CLI::IsMember({"readiness", "startup", "liveness"}));
  check_command->callback([&] { exit_code = check(state_directory, what); });

  CLI::App* stand_down_command = app.add_subcommand("stand-down", "For the sidecar's preStop hook: judge and restart nothing from now on");
  add_state_directory(*stand_down_command, state_directory);
  stand_down_command->callback([&] { exit_code = stand_down(state_directory); });

  rehearse_options rehearse_with;
  CLI::App* rehearse_command = app.add_subcommand("rehearse", "Run a Pod's containers as local processes under the kubelet's restart semantics, with no cluster");
  rehearse_command->add_option("-f,--file", rehearse_with.pod_file, "The Pod's manifest")->required();
  rehearse_command->add_option("--fault", rehearse_with.fault, "'CONTAINER: stop' (SIGSTOP), 'CONTAINER: kill', or 'CONTAINER: COMMAND…'");
  rehearse_command->add_option("--scenario", rehearse_with.scenario_file, "A scenario file: the fault, and the phases that must follow in this order");
  rehearse_command->add_option("--path", rehearse_with.path, "Directory of the containers' programs; may be given several times");
  rehearse_command->add_option("--limit-seconds", rehearse_with.limit_seconds, "Give up after that long")
      ->check(CLI::Range(1, 86400))->capture_default_str();
  rehearse_command->add_flag("--json", rehearse_with.as_json, "The timeline as JSON lines");
  rehearse_command->callback([&] { exit_code = rehearse(rehearse_with); });

  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? success : usage_error;
  }
  return exit_code;
}

}  // namespace podmedic::commands
