#include "supervisor/policy/fleet.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace podmedic::policy {
namespace {

using nlohmann::json;

/// Text that somebody else may have written.
constexpr std::size_t most_bytes = 64 * 1024;
constexpr std::size_t most_entries = 64;

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace

std::string to_json(const std::map<std::string, unrecovered_replicas>& all) {
  if (all.empty()) return {};
  json object = json::object();
  for (const auto& [probe, replicas] : all) {
    object[probe] = {{"revision", replicas.revision}, {"pods", replicas.pods}};
  }
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::map<std::string, unrecovered_replicas> read_unrecovered(std::string_view text) {
  std::map<std::string, unrecovered_replicas> all;
  if (text.empty() || text.size() > most_bytes) return all;
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return all;
  for (const auto& [probe, given] : object.items()) {
    if (!given.is_object() || all.size() >= most_entries) continue;
    const auto pods = given.find("pods");
    if (pods == given.end() || !pods->is_array()) continue;
    unrecovered_replicas replicas;
    if (const auto revision = given.find("revision"); revision != given.end()) replicas.revision = text_of(*revision);
    for (const json& pod : *pods) {
      if (pod.is_string() && replicas.pods.size() < most_entries) replicas.pods.push_back(pod.get<std::string>());
    }
    if (!replicas.pods.empty()) all.emplace(probe, std::move(replicas));
  }
  return all;
}

std::string pod_name_of(const std::string& holder) {
  return holder.substr(0, holder.rfind('_'));
}

std::optional<diagnosis> why_not_leave(const fleet_view& seen, const fleet_rules& rules,
                                       const std::vector<std::string>& about_to_leave) {
  if (seen.serving && seen.rolling_out) {
    return diagnosis{"RollingOut", "the workload is being rolled out, and this Pod serves"};
  }
  if (seen.ready) {
    for (const disruption_budget& budget : seen.budgets) {
      if (budget.current_healthy - 1 >= budget.desired_healthy) continue;
      return diagnosis{"DisruptionBudget", "PodDisruptionBudget " + budget.name + " wants " +
                                               std::to_string(budget.desired_healthy) + " healthy Pods of " +
                                               std::to_string(budget.current_healthy)};
    }
  }
  if (!seen.serving || !seen.endpoints_seen) return std::nullopt;
  const auto staying =
      std::count_if(seen.others_serving.begin(), seen.others_serving.end(), [&](const std::string& pod) {
        return std::find(about_to_leave.begin(), about_to_leave.end(), pod) == about_to_leave.end();
      });
  const int known = static_cast<int>(seen.others_serving.size()) + 1;
  const int floor = std::min(rules.min_available, std::max(seen.replicas.value_or(known), known) - 1);
  if (staying >= floor) return std::nullopt;
  return diagnosis{"TooFewServing", std::to_string(staying) + " other replicas serve and stay, of minAvailable " +
                                        std::to_string(rules.min_available)};
}

}  // namespace podmedic::policy
