#include "supervisor/manifest/needs.hpp"

#include <algorithm>

namespace podmedic::manifest {
namespace {

constexpr need all[] = {
    {"grpc", "", "", "", "", "", ""},
    {"http", "", "", "", "", "", ""},
    {"tcpSocket", "", "", "", "", "", ""},
    {"exec", "", "", "", "", "", "the program in podmedic's mounts or image"},
    {"progress", "", "", "", "", "", ""},
    {"heartbeat", "root", "root", "SYS_PTRACE", "file", "", ""},
    {"process", "*", "spinningSeconds", "SYS_PTRACE", "", "", "before Linux 6.2 the uid for `maxOpenFiles`, too"},
    {"memory", "*", "*", "SYS_PTRACE", "", "", ""},
    {"logTail", "*", "*", "SYS_PTRACE", "path", "", ""},
    {"credential", "root readAtStart", "root", "SYS_PTRACE", "file keyFile", "", ""},
    {"connections", "", "", "", "", "", "no `hostNetwork`"},
    {"configChange", "*", "root", "SYS_PTRACE", "files", "", "no `subPath` mount"},
    {"signal", "*", "*", "KILL", "", "", ""},
    {"Observe", "", "", "", "", "", ""},
    {"Drain", "", "", "", "", "", "podmedic's readinessProbe"},
    {"RestartContainer", "*", "*", "KILL", "", "", "a restartPolicy that brings the container back; no `hostPID`"},
    {"RestartAllContainers", "*", "", "", "", "",
     "the restart rule; podmedic's readinessProbe; Kubernetes 1.36, or 1.35 with the feature gate"},
    {"SignalAll", "*", "*", "KILL", "", "", "as RestartContainer, for every container"},
    {"fleet", "", "", "", "", "`get`, `create`, `patch` on leases; the rest of [deploy/rbac.yaml](../deploy/rbac.yaml)",
     ""},
    {"Evict", "", "", "", "", "`create` on pods/eviction, `get` on pods", "an owner that makes another Pod"},
};

std::string shown(std::string_view condition) {
  if (condition.empty()) return "–";
  if (condition == "*") return "yes";
  std::string text = "with";
  for (std::size_t at = 0; at < condition.size();) {
    const std::size_t end = std::min(condition.find(' ', at), condition.size());
    const std::string_view field = condition.substr(at, end - at);
    text += (at == 0 ? " `" : ", `") + std::string(field) + (field == "root" ? ": Container`" : "`");
    at = end + 1;
  }
  return text;
}

std::string or_dash(std::string_view text) {
  return text.empty() ? "–" : std::string(text);
}

}  // namespace

std::span<const need> needs() {
  return all;
}

const need* need_of(std::string_view name) {
  const auto at = std::find_if(std::begin(all), std::end(all), [&](const need& each) { return each.of == name; });
  return at == std::end(all) ? nullptr : at;
}

std::string needs_table() {
  std::string table =
      "| kind or action | `shareProcessNamespace` | the container's uid | or the capability | in podmedic's mounts | "
      "RBAC | besides |\n|---|---|---|---|---|---|---|\n";
  for (const need& each : all) {
    std::string files = each.files.empty() ? "–" : shown(each.files).substr(5);
    if (!each.files.empty()) files += ", or `root: Container`";
    table += "| `" + std::string(each.of) + "` | " + shown(each.share) + " | " + shown(each.uid) + " | " +
             or_dash(each.capability) + " | " + files + " | " + or_dash(each.rbac) + " | " + or_dash(each.besides) +
             " |\n";
  }
  return table;
}

}  // namespace podmedic::manifest
