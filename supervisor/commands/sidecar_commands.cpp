// check, stand-down, restart and status: what talks to the running sidecar.
#include "base/clock.hpp"
#include "supervisor/commands/commands.hpp"
#include "supervisor/commands/sidecar_client.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>

namespace podmedic::commands {
namespace {

using nlohmann::json;

int unreachable(const std::string& why) {
  fmt::print(stderr, "podmedic: {}\n", why);
  return 2;
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

void print_probes(const json& status) {
  fmt::print("\nprobes\n");
  for (const json& p : status["probes"]) {
    fmt::print("  {:<16} {:<8} {:<8} {}\n    {}\n", text_of(p, "name"), text_of(p, "verdict"), text_of(p, "standing"),
               text_of(p, "target"), text_of(p, "message"));
  }
}

/// Of all containers or one, and by what means where that is not the usual one: "all containers, by signals".
std::string what_was_done(const json& restart) {
  const std::string scope = text_of(restart, "scope"), method = text_of(restart, "method");
  if (method == "Evict") return "eviction";
  const std::string what = scope == "Pod" ? "all containers" : "container " + scope;
  return what + (method == "SignalAll" ? ", by signals" : "") + ";";
}

void print_restarts(const json& status) {
  if (status["restarts"].empty()) {
    fmt::print("\nno restarts\n");
    return;
  }
  fmt::print("\nrestarts, latest first\n");
  for (auto r = status["restarts"].rbegin(); r != status["restarts"].rend(); ++r) {
    fmt::print(
        "  {}  {:<12} {} {}\n    {}: {}\n", text_of(*r, "at"), text_of(*r, "outcome"), what_was_done(*r),
        r->contains("recoverySeconds") ? "recovered in " + text_of(*r, "recoverySeconds") + " s" : "",
        text_of(*r, "probe").empty() ? "requested by " + text_of(*r, "requestedBy") : "probe " + text_of(*r, "probe"),
        text_of(*r, "message"));
  }
}

void print_status(const json& status) {
  fmt::print("{}{}, mode {}, {}\n", text_of(status, "phase"),
             status.contains("cause") ? " (" + text_of(status["cause"], "message") + ")" : "", text_of(status, "mode"),
             status["ready"].get<bool>() ? "in traffic" : "out of traffic");
  fmt::print("restarts in the last {} s: {} of {} allowed; Kubernetes API: {}\n",
             text_of(status["budget"], "windowSeconds"), text_of(status["budget"], "spent"),
             text_of(status["budget"], "restarts"), text_of(status, "kubernetesApi"));
  if (status.contains("startupHeld")) {
    fmt::print("the containers behind podmedic wait for at most {} s more: {}\n",
               text_of(status["startupHeld"], "forAnotherSeconds"), text_of(status["startupHeld"], "waitsFor"));
  }
  for (const json& refusal : status["restartForbiddenBy"]) {
    fmt::print("a restart of all containers is forbidden now: {} ({})\n", text_of(refusal, "message"),
               text_of(refusal, "reason"));
  }
  for (const json& container : status["containers"]) {
    fmt::print("container {}: {}\n", text_of(container, "name"), text_of(container, "phase"));
    for (const json& refusal : container["restartForbiddenBy"]) {
      fmt::print("a restart of it alone is forbidden now: {} ({})\n", text_of(refusal, "message"),
                 text_of(refusal, "reason"));
    }
  }
  for (const json& mistake : status["mistakes"]) fmt::print("mistake: {}\n", text_of(json{{"m", mistake}}, "m"));
  print_probes(status);
  print_restarts(status);
  if (const std::string kept = text_of(status, "diagnosticsKept"); !kept.empty() && kept != "0") {
    fmt::print("\nwhat was seen before {} of them is kept: podmedic status --diagnostics\n", kept);
  }
}

}  // namespace

int check(const std::string& state_directory, const std::string& what) {
  const std::string path = what == "readiness" ? "/readyz" : what == "startup" ? "/startupz" : "/healthz";
  const auto answer = ask_sidecar(state_directory, "GET", path);
  if (const auto* why = std::get_if<std::string>(&answer)) return unreachable(*why);
  const auto& got = std::get<sidecar_answer>(answer);
  fmt::print("{}", got.body);
  return got.status == 200 ? success : 1;
}

int stand_down(const std::string& state_directory) {
  const auto answer = ask_sidecar(state_directory, "POST", "/stand-down");
  if (const auto* why = std::get_if<std::string>(&answer)) return unreachable(*why);
  const auto& got = std::get<sidecar_answer>(answer);
  fmt::print("{}", got.body);
  return got.status == 200 ? success : 1;
}

int restart(const restart_options& options) {
  const instant not_after = boot_now() + sidecar_patience - milliseconds(500);  // what is told no is not carried out
  json body = {{"reason", options.reason}, {"notAfterMilliseconds", not_after.time_since_epoch().count()}};
  if (!options.container.empty()) body["container"] = options.container;
  if (!options.id.empty()) body["id"] = options.id;
  if (!options.if_started_before.empty()) body["ifStartedBefore"] = options.if_started_before;
  const auto answer = ask_sidecar(options.state_directory, "POST", "/restart",
                                  body.dump(-1, ' ', false, json::error_handler_t::replace));
  if (const auto* why = std::get_if<std::string>(&answer)) return unreachable(*why);
  const auto& got = std::get<sidecar_answer>(answer);
  const bool done = got.status == 202 || got.status == 200;
  fmt::print(done ? stdout : stderr, "{}", got.body);
  return done ? success : 1;
}

int status(const std::string& state_directory, bool as_json) {
  const auto answer = ask_sidecar(state_directory, "GET", "/status");
  if (const auto* why = std::get_if<std::string>(&answer)) return unreachable(*why);
  const auto& got = std::get<sidecar_answer>(answer);
  const json parsed = json::parse(got.body, nullptr, false);
  if (as_json || !parsed.is_object()) {
    fmt::print("{}", got.body);
  } else {
    print_status(parsed);
  }
  return got.status == 200 ? success : 1;
}

}  // namespace podmedic::commands
