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

void read_own_last_state(const json& status, std::string_view container, pod_facts& facts) {
  const json* own = find_named(status, status_lists, container);
  if (own == nullptr) return;
  const json& terminated = member(member(*own, "lastState"), "terminated");
  facts.last_exit_code = int_at(terminated, "exitCode");
  facts.last_exit_reason = text_at(terminated, "reason");
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
    case restart_rule::present:
      return "the rule is there";
    case restart_rule::no_container:
      return "the Pod has no container of podmedic's name";
    case restart_rule::not_always:
      return "podmedic's container has no restartPolicy: Always";
    case restart_rule::no_rule:
      return "no restartPolicyRules of podmedic's container matches its restart exit code";
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
  facts.being_deleted = !text_at(metadata, "deletionTimestamp").empty();
  facts.rule = find_rule(spec, own_container, restart_exit_code);
  facts.share_process_namespace = flag_at(spec, "shareProcessNamespace");
  facts.host_pid = flag_at(spec, "hostPID");
  facts.host_network = flag_at(spec, "hostNetwork");
  const auto grace = integer_at(spec, "terminationGracePeriodSeconds");
  if (grace && *grace >= 0 && *grace <= longest_grace_seconds) facts.termination_grace = std::chrono::seconds(*grace);
  facts.all_containers_restarting = find_condition(status, "AllContainersRestarting");
  read_statuses(status, facts);
  read_own_last_state(status, own_container, facts);
  return facts;
}

}  // namespace podmedic::k8s
