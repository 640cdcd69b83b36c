#include "supervisor/rehearsal/manifest_parts.hpp"

#include <algorithm>
#include <array>

namespace podmedic::rehearsal {
namespace {

using namespace std::chrono_literals;
constexpr milliseconds longest = std::chrono::hours(24);

/// Kubernetes' name of an action, and the probe kind that carries it out.
struct network_action {
  std::string_view field;
  std::string_view kind;
};
constexpr std::array network_actions{network_action{"grpc", "grpc"}, network_action{"httpGet", "http"},
                                     network_action{"tcpSocket", "tcpSocket"}};

bool read_network_action(fields& given, probe_manifest& into) {
  for (const network_action& each : network_actions) {
    auto own = given.object(each.field);
    if (!own) continue;
    const auto all = probes::kinds();
    const auto kind = std::find_if(all.begin(), all.end(), [&](const probes::kind& k) { return k.name == each.kind; });
    into.port = static_cast<std::uint16_t>(own->integer("port", 0, 1, 65535));
    if (own->failed("port")) {
      own->complain("port", "a rehearsal needs the number of the port, not its name");
      return true;
    }
    into.action = kind->read(*own);
    return true;
  }
  return false;
}

}  // namespace

std::optional<probe_manifest> read_probe(fields& container, std::string_view name, milliseconds pod_grace) {
  auto given = container.object(name);
  if (!given) return std::nullopt;
  probe_manifest probe{};
  probe.initial_delay = given->seconds("initialDelaySeconds", 0ms, 0ms, longest);
  probe.period = given->seconds("periodSeconds", 10s, 1s, longest);
  probe.timeout = given->seconds("timeoutSeconds", 1s, 1s, longest);
  probe.success_threshold = static_cast<int>(given->integer("successThreshold", 1, 1, 1000));
  probe.failure_threshold = static_cast<int>(given->integer("failureThreshold", 3, 1, 100'000));
  probe.grace = given->seconds("terminationGracePeriodSeconds", pod_grace, 1s, longest);
  if (auto exec = given->object("exec")) {
    probe.action = exec_action{exec->texts("command")};
    if (std::get<exec_action>(probe.action).command.empty()) exec->complain("command", "needs a program");
  } else if (!read_network_action(*given, probe)) {
    given->complain("", "expected exec, grpc, httpGet or tcpSocket");
  }
  if (given->failed()) return std::nullopt;
  return probe;
}

}  // namespace podmedic::rehearsal
