#include "k8s/condition.hpp"
#include "k8s/json.hpp"
#include "k8s/pod.hpp"

#include <algorithm>
#include <array>

namespace podmedic::k8s {
namespace {

constexpr std::array<std::string_view, 2> container_lists{"initContainers", "containers"};
constexpr std::array<std::string_view, 2> status_lists{"initContainerStatuses", "containerStatuses"};
constexpr std::int64_t longest_grace_seconds = 365LL * 24 * 3600;  // longer ones would overflow sums of times

const json* find_named(const json& owner, std::span<const std::string_view> lists, std::string_view name) {
  for (const std::string_view list : lists) {
    for (const json& one : list_at(owner, list)) {
      if (text_at(one, "name") == name) return &one;
    }
  }
  return nullptr;
}

/// exitCodes: {operator: In | NotIn, values: [...]}
bool matches(const json& rule, int exit_code) {
  const json& codes = member(rule, "exitCodes");
  const json& values = list_at(codes, "values");
  const bool listed = std::any_of(values.begin(), values.end(),
                                  [&](const json& value) { return value.is_number_integer() && value == exit_code; });
  const std::string how = text_at(codes, "operator");
  if (how == "In") return listed;
  return how == "NotIn" && !listed;
}

restart_rule find_rule(const json& spec, std::string_view container, int exit_code) {
  const json* own = find_named(spec, container_lists, container);
  if (own == nullptr) return restart_rule::no_container;
  if (text_at(*own, "restartPolicy") != "Always") return restart_rule::not_always;
  for (const json& rule : list_at(*own, "restartPolicyRules")) {
    if (!matches(rule, exit_code)) continue;  // the first that matches wins
    return text_at(rule, "action") == "RestartAllContainers" ? restart_rule::present : restart_rule::other_action;
  }
  return restart_rule::no_rule;
}

/// The restartPolicy of a container; init containers have their own or are to complete. Absent: the Pod's.
std::string policy_of(const json& container, bool is_init, const std::string& of_pod) {
  const std::string own = text_at(container, "restartPolicy");
  return own.empty() && is_init ? "Init" : own.empty() ? of_pod : own;
}

/// Why the kubelet does not start a container anew, and it alone, when its processes were ended: by SIGTERM that it
/// heeds (0), or that it does not handle (143), or by SIGKILL (137). Empty: it does.
std::string why_not_back(const json& container, const std::string& policy) {
  bool always = true;
  for (const int exit_code : {0, 143, 137}) {
    const json* first = nullptr;
    for (const json& rule : list_at(container, "restartPolicyRules")) {
      if (first == nullptr && matches(rule, exit_code)) first = &rule;
    }
    if (first != nullptr && text_at(*first, "action") == "RestartAllContainers") {
      return "its restartPolicyRules turn exit code " + std::to_string(exit_code) + " into a restart of all containers";
    }
    const bool by_rule = first != nullptr && text_at(*first, "action") == "Restart";
    always = always && (by_rule || policy == "Always" || (policy == "OnFailure" && exit_code != 0));
  }
  if (always) return {};
  if (policy == "Init") return "it is an init container, which is to complete; use restartPolicy: Always for a sidecar";
  return "with restartPolicy " + policy + " the kubelet " +
         (policy == "OnFailure" ? "does not bring it back when it heeds SIGTERM and exits with 0"
                                : "does not bring it back") +
         "; use restartPolicy: Always";
}

std::map<std::string, std::string> find_why_not_back(const json& spec) {
  std::map<std::string, std::string> found;
  const std::string given = text_at(spec, "restartPolicy");
  const std::string of_pod = given.empty() ? "Always" : given;
  for (const std::string_view list : container_lists) {
    for (const json& one : list_at(spec, list)) {
      const std::string why = why_not_back(one, policy_of(one, list == container_lists.front(), of_pod));
      if (!why.empty()) found[text_at(one, "name")] = why;
    }
  }
  return found;
}

std::vector<std::string> find_sidecars(const json& spec, std::string_view own_container) {
  std::vector<std::string> found;
  for (const json& one : list_at(spec, container_lists.front())) {
    const std::string name = text_at(one, "name");
    if (text_at(one, "restartPolicy") == "Always" && name != own_container) found.push_back(name);
  }
  return found;
}

/// "containerd://<id>" without its scheme.
std::string id_of(const json& status) {
  const std::string whole = text_at(status, "containerID");
  const std::size_t scheme = whole.find("://");
  return scheme == std::string::npos ? std::string() : whole.substr(scheme + 3);
}

std::optional<int> int_at(const json& object, std::string_view name) {
  const auto wide = integer_at(object, name);
  if (!wide || *wide < 0 || *wide > 0x7fffffff) return std::nullopt;
  return static_cast<int>(*wide);
}

void read_statuses(const json& status, pod_facts& facts) {
  for (const std::string_view list : status_lists) {
    for (const json& one : list_at(status, list)) {
      const std::string name = text_at(one, "name");
      if (name.empty()) continue;
      const std::string id = id_of(one);
      if (!id.empty()) facts.names_by_id[id] = name;
      facts.restart_counts[name] = int_at(one, "restartCount").value_or(0);
    }
  }
}

std::optional<startup_probe> find_startup_probe(const json& spec, std::string_view container) {
  const json* own = find_named(spec, container_lists, container);
  if (own == nullptr || !member(*own, "startupProbe").is_object()) return std::nullopt;
  const json& given = member(*own, "startupProbe");
  constexpr int longest = 24 * 3600;
  startup_probe found;
  found.initial_delay = std::chrono::seconds(std::min(int_at(given, "initialDelaySeconds").value_or(0), longest));
  found.period = std::chrono::seconds(std::clamp(int_at(given, "periodSeconds").value_or(10), 1, longest));
  found.failure_threshold = std::clamp(int_at(given, "failureThreshold").value_or(3), 1, longest);
  return found;
}

void read_own_last_state(const json& status, std::string_view container, pod_facts& facts) {
  const json* own = find_named(status, status_lists, container);
  if (own == nullptr) return;
  const json& terminated = member(member(*own, "lastState"), "terminated");
  facts.last_exit_code = int_at(terminated, "exitCode");
  facts.last_exit_reason = text_at(terminated, "reason");
}

std::optional<controller> find_controller(const json& metadata) {
  for (const json& owner : list_at(metadata, "ownerReferences")) {
    if (flag_at(owner, "controller")) return controller{text_at(owner, "kind"), text_at(owner, "name")};
  }
  return std::nullopt;
}

std::optional<bool> find_condition(const json& status, std::string_view type) {
  for (const json& condition : list_at(status, "conditions")) {
    if (text_at(condition, "type") == type) return text_at(condition, "status") == "True";
  }
  return std::nullopt;
}

}  // namespace

std::string to_text(restart_rule rule) {
  switch (rule) {
    case restart_rule::present: return "the rule is there";
    case restart_rule::no_container: return "the Pod has no container of podmedic's name";
    case restart_rule::not_always: return "podmedic's container has no restartPolicy: Always";
    case restart_rule::no_rule: return "no restartPolicyRules of podmedic's container matches its restart exit code";
    case restart_rule::other_action:
      return "the first of restartPolicyRules that matches podmedic's restart exit code is not RestartAllContainers";
  }
  return {};
}

std::variant<pod_facts, std::string> parse_pod(std::string_view text, std::string_view own_container,
                                               int restart_exit_code) {
  const json pod = parse_json(text);
  if (text_at(pod, "kind") != "Pod") return "the answer is no Pod";
  const json& metadata = member(pod, "metadata");
  const json& spec = member(pod, "spec");
  const json& status = member(pod, "status");

  pod_facts facts;
  facts.name = text_at(metadata, "name");
  facts.uid = text_at(metadata, "uid");
  if (facts.name.empty() || facts.uid.empty()) return "the Pod in the answer has no name or no uid";
  for (const auto& [name, value] : member(metadata, "labels").items()) {
    if (value.is_string()) facts.labels.emplace(name, value.get<std::string>());
  }
  facts.kept_by = find_controller(metadata);
  facts.ready = find_condition(status, "Ready").value_or(false);
  facts.being_deleted = !text_at(metadata, "deletionTimestamp").empty();
  facts.rule = find_rule(spec, own_container, restart_exit_code);
  facts.why_not_back = find_why_not_back(spec);
  facts.own_startup_probe = find_startup_probe(spec, own_container);
  facts.sidecars = find_sidecars(spec, own_container);
  facts.share_process_namespace = flag_at(spec, "shareProcessNamespace");
  facts.host_pid = flag_at(spec, "hostPID");
  facts.host_network = flag_at(spec, "hostNetwork");
  const auto grace = integer_at(spec, "terminationGracePeriodSeconds");
  if (grace && *grace >= 0 && *grace <= longest_grace_seconds) facts.termination_grace = std::chrono::seconds(*grace);
  facts.all_containers_restarting = find_condition(status, "AllContainersRestarting");
  for (const json& gate : list_at(spec, "readinessGates")) {
    facts.in_service_gate = facts.in_service_gate || text_at(gate, "conditionType") == in_service_condition;
  }
  facts.in_service = find_condition(status, in_service_condition);
  read_statuses(status, facts);
  read_own_last_state(status, own_container, facts);
  return facts;
}

}  // namespace podmedic::k8s
