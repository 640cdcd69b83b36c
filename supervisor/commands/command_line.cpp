#include "supervisor/commands/commands.hpp"
#include "supervisor/commands/completion.hpp"
#include "supervisor/config/limits.hpp"
#include "supervisor/options.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace podmedic::commands {
namespace {

constexpr const char* about =
    "podmedic: an in-Pod supervisor sidecar for Kubernetes.\n\n"
    "It probes what a liveness probe cannot see, drains traffic, restarts the Pod's containers in place, watches "
    "whether\n"
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

/// As kubectl has it.
void add_json_output(CLI::App& to, bool& as_json) {
  to.add_option_function<std::string>(
        "-o,--output", [&as_json](const std::string& as) { as_json = as == "json"; }, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
}

void add_limits(CLI::App& to, std::string& limits) {
  to.add_option("--limits", limits,
                "What annotations may ask for at most, as YAML: mode, budget, backoff, actions, escalation, fallback")
      ->envname(config::limits_variable);
}

void add_run_options(CLI::App& run, run_options& options) {
  add_state_directory(run, options.state_directory);
  run.add_option("--podinfo", options.podinfo_file, "File of the Pod's annotations, from a downwardAPI volume")
      ->envname("PODMEDIC_PODINFO")
      ->capture_default_str();
  run.add_option("--override", options.override_directory,
                 "Directory of a ConfigMap volume whose files mode, policy and paused-until outweigh the annotations")
      ->envname("PODMEDIC_OVERRIDE")
      ->capture_default_str();
  add_limits(run, options.limits);
  run.add_option("--address", options.address, "IP address to listen on")
      ->envname("PODMEDIC_ADDRESS")
      ->capture_default_str();
  run.add_option("--port", options.port,
                 "TCP port of the page at /, /metrics, /status, /healthz, /readyz and /startupz; 0: any free one")
      ->envname("PODMEDIC_PORT")
      ->capture_default_str();
  run.add_option("--restart-exit-code", options.restart_exit_code,
                 "Exit code that the sidecar's restartPolicyRules map to RestartAllContainers")
      ->envname("PODMEDIC_RESTART_EXIT_CODE")
      ->check(CLI::Range(3, 125))
      ->capture_default_str();
  run.add_option("--container", options.container, "podmedic's own container name in the Pod")
      ->envname("PODMEDIC_CONTAINER")
      ->capture_default_str();
  run.add_option("--pod-name", options.pod_name, "Name of the Pod; by default the host name")
      ->envname("PODMEDIC_POD_NAME");
  run.add_option("--log-format", options.log_format, "text or json")
      ->envname("PODMEDIC_LOG_FORMAT")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, log::format>{{"text", log::format::text}, {"json", log::format::json}}))
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
  run.add_option("--rehearsed-account", options.rehearsed_account)->envname("PODMEDIC_REHEARSED_ACCOUNT")->group("");
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
  CLI::App* run_command = app.add_subcommand(
      "run", "The sidecar: probe, drain, restart, watch. Never ends for a fault of its surroundings");
  add_run_options(*run_command, run_with);
  run_command->add_option("--rehearsed-sandbox-started-ms", rehearsed_sandbox_started)
      ->envname("PODMEDIC_SANDBOX_STARTED_MS")
      ->group("");
  run_command->callback([&] {
    if (rehearsed_sandbox_started >= 0)
      run_with.rehearsed_sandbox_started = instant(milliseconds(rehearsed_sandbox_started));
    exit_code = run(run_with);
  });

  std::string yaml;
  std::string own_container = "podmedic";
  double timeout_seconds = 0;
  double record_seconds = 0;
  CLI::App* probe_command = app.add_subcommand(
      "probe",
      "Run one check once. Exit code 0: Pass; 1: no valid probe; 2: could not ask; 3: timed out; 4: unhealthy");
  probe_command
      ->add_option("yaml", yaml, "A probe as in the annotation probe.podmedic.io/NAME, e.g. 'grpc: {port: 8001}'")
      ->required();
  probe_command->add_option("--timeout-seconds", timeout_seconds, "Instead of the probe's timeoutSeconds");
  probe_command->add_option("--container", own_container, "podmedic's own container name in the Pod");
  probe_command->add_option(
      "--record", record_seconds,
      "Check every periodSeconds for so many seconds, and print what each check saw, a line each");
  probe_command->callback([&] { exit_code = probe(yaml, own_container, timeout_seconds, record_seconds); });

  std::string state_directory = run_with.state_directory;
  bool as_json = false;
  CLI::App* status_command = app.add_subcommand("status", "What the sidecar of this Pod sees, decides and did");
  add_state_directory(*status_command, state_directory);
  status_command->add_flag_callback("--json", [&] { as_json = true; }, "The whole status as JSON");
  diagnostics_options show;
  CLI::Option* diagnostics_asked =
      status_command
          ->add_option_function<std::string>(
              "--diagnostics",
              [&](const std::string& given) {
                if (given.empty()) return;
                const auto [end, error] =
                    std::from_chars(given.data(), given.data() + given.size(), show.number.emplace());
                if (error != std::errc() || end != given.data() + given.size())
                  throw CLI::ValidationError("--diagnostics", "expected a restart's number, found " + given);
              },
              "What was kept before the last restarts; with a number, all of that restart (0: none followed)")
          ->expected(0, 1)
          ->type_name("[NUMBER]");
  status_command->add_option("--show", show.file, "Print that file of the diagnostics NUMBER, or of the last restart")
      ->type_name("FILE");
  status_command->add_flag("--raw", show.raw, "With --show: every byte as it is, not made fit for a terminal");
  status_command->callback([&] {
    show.state_directory = state_directory;
    const bool shows = diagnostics_asked->count() > 0 || !show.file.empty();
    exit_code = shows ? show_diagnostics(show) : status(state_directory, as_json);
  });

  restart_options restart_with{.state_directory = run_with.state_directory, .reason = {}};
  CLI::App* restart_command = app.add_subcommand(
      "restart", "Ask the sidecar to drain and restart all containers, or one, within budget, back-off and windows");
  add_state_directory(*restart_command, restart_with.state_directory);
  restart_command->add_option("--reason", restart_with.reason, "Why; kept in the ledger and told in the Event")
      ->required();
  restart_command->add_option("--container", restart_with.container, "Restart that container alone");
  restart_command->add_option("--id", restart_with.id,
                              "A name of this request: asked again with the same one, nothing is restarted again");
  restart_command
      ->add_option("--if-started-before", restart_with.if_started_before,
                   "Only where what is to be restarted was started before that time (RFC 3339)")
      ->type_name("TIME");
  restart_command->callback([&] { exit_code = restart(restart_with); });

  std::string what;
  CLI::App* check_command =
      app.add_subcommand("check", "For the sidecar's own exec probes: exit code 0 if it is ready, started or alive");
  add_state_directory(*check_command, state_directory);
  check_command->add_option("what", what, "readiness, startup or liveness")
      ->required()
      ->check(CLI::IsMember({"readiness", "startup", "liveness"}));
  check_command->callback([&] { exit_code = check(state_directory, what); });

  CLI::App* stand_down_command =
      app.add_subcommand("stand-down", "For the sidecar's preStop hook: judge and restart nothing from now on");
  add_state_directory(*stand_down_command, state_directory);
  stand_down_command->callback([&] { exit_code = stand_down(state_directory); });

  rehearse_options rehearse_with;
  CLI::App* rehearse_command = app.add_subcommand(
      "rehearse", "Run a Pod's containers as local processes under the kubelet's restart semantics, with no cluster");
  rehearse_command->add_option("-f,--file", rehearse_with.pod_file, "The Pod's manifest")->required();
  rehearse_command->add_option("--fault", rehearse_with.fault,
                               "'CONTAINER: stop' (SIGSTOP), 'CONTAINER: kill', or 'CONTAINER: COMMAND…'");
  rehearse_command->add_option("--scenario", rehearse_with.scenario_file,
                               "A scenario file: the fault, and the phases that must follow in this order");
  rehearse_command->add_option("--path", rehearse_with.path,
                               "Directory of the containers' programs; may be given several times");
  rehearse_command->add_option("--limit-seconds", rehearse_with.limit_seconds, "Give up after that long")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  rehearse_command->add_flag("--json", rehearse_with.as_json, "The timeline as JSON lines");
  rehearse_command->callback([&] { exit_code = rehearse(rehearse_with); });

  simulate_options simulate_with;
  CLI::App* simulate_command = app.add_subcommand(
      "simulate", "A fleet with your policy in virtual time, and what goes wrong with it, beside simpler remedies");
  simulate_command->add_option("-f,--file", simulate_with.file,
                               "The value of podmedic.io/policy, or a Pod's manifest; without it, the defaults");
  simulate_command->add_option("--replicas", simulate_with.replicas, "Of the fleet")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  simulate_command->add_option("--hours", simulate_with.hours, "Of virtual time")
      ->check(CLI::Range(0.01, 24.0 * 365))
      ->capture_default_str();
  simulate_command->add_option("--fault", simulate_with.faults,
                               "'wedge:at=60s,share=100%', poison, leak, crash, api, outage, partition, skew; may be "
                               "given several times");
  simulate_command->add_option("--warm-up", simulate_with.warm_up, "From a server's start until it answers [30s]");
  simulate_command->add_option("--restart-takes", simulate_with.restart_takes,
                               "From the end of the containers until they have started anew [5s]");
  simulate_command->add_option("--seed", simulate_with.seed, "Repeats a run")->capture_default_str();
  simulate_command->add_option("--plot", simulate_with.plot, "Replicas that do not serve, over time, as an SVG file");
  simulate_command->add_flag("--without-api", simulate_with.without_api,
                             "As where podmedic may not use the API: replicas take no turns");
  std::string output = "table";
  simulate_command->add_option("--output", output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  simulate_command->callback([&] {
    simulate_with.as_json = output == "json";
    exit_code = simulate(simulate_with);
  });

  std::string which_preset;
  CLI::App* preset_command = app.add_subcommand("preset", "List the presets, or print the annotations of one");
  preset_command->add_option("which", which_preset, "As in podmedic.io/preset, e.g. 'vllm' or '{vllm: {port: 8001}}'");
  preset_command->callback([&] { exit_code = preset(which_preset); });

  validate_options validate_with;
  CLI::App* validate_command = app.add_subcommand(
      "validate", "All that is wrong with the Pods in manifests. Exit code 0: sound; 1: mistakes; 2: could not read");
  validate_command->add_option("-f,--file", validate_with.files, "A manifest, - for the standard input; several times")
      ->required();
  validate_command->add_flag("--strict", validate_with.strict, "Warnings count as mistakes");
  add_json_output(*validate_command, validate_with.as_json);
  validate_command->callback([&] { exit_code = validate(validate_with); });

  inject_options inject_with;
  CLI::App* inject_command = app.add_subcommand(
      "inject", "Print a manifest with podmedic in each of its Pods. All that stands there stays as it is written");
  inject_command->add_option("-f,--file", inject_with.file, "The manifest, - for the standard input")
      ->capture_default_str();
  inject_command->add_option("--image", inject_with.image, "podmedic's image, best by digest")->capture_default_str();
  inject_command
      ->add_option("--restart-method", inject_with.restart_method,
                   "SignalAll leaves out the restart rule, for clusters without RestartAllContainers")
      ->check(CLI::IsMember({"RestartAllContainers", "SignalAll"}))
      ->capture_default_str();
  inject_command->add_option("--service-account", inject_with.service_account,
                             "Give podmedic a token of it; its Role is deploy/rbac.yaml");
  inject_command->add_flag("--uninject", inject_with.uninject, "Take podmedic out again");
  inject_command->callback([&] { exit_code = inject(inject_with); });

  explain_options explain_with{"", run_with.podinfo_file, run_with.state_directory, ""};
  CLI::App* explain_command = app.add_subcommand(
      "explain", "Every value that holds and where it comes from, what a failure leads to, and what forbids it now");
  explain_command->add_option("-f,--file", explain_with.file, "A manifest, - for the standard input; else this Pod");
  explain_command->add_option("--podinfo", explain_with.podinfo_file, "File of the Pod's annotations")
      ->envname("PODMEDIC_PODINFO")
      ->capture_default_str();
  add_state_directory(*explain_command, explain_with.state_directory);
  add_limits(*explain_command, explain_with.limits);
  explain_command->callback([&] { exit_code = explain(explain_with); });

  std::string shell;
  CLI::App* completion_command = app.add_subcommand(
      "completion",
      "Print what makes a shell complete podmedic's commands, options and words; its first line says how");
  completion_command->add_option("shell", shell, "bash, fish or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "fish", "zsh"}));
  completion_command->callback([&] { exit_code = completion(shell); });
  if (argument_count > 1 && arguments[1] == std::string_view(complete_command)) {
    fmt::print("{}", complete(app, {arguments + 2, arguments + argument_count}));
    return success;
  }

  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? success : usage_error;
  }
  return exit_code;
}

}  // namespace podmedic::commands
