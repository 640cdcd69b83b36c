#include "k8s/disruption_budget.hpp"

#include "k8s/failure.hpp"
#include "k8s/json.hpp"

#include <algorithm>

namespace podmedic::k8s {
namespace {

using label_map = std::map<std::string, std::string>;

/// One of matchExpressions. One that is not understood selects: in doubt the budget is heeded.
bool meets(const json& expression, const label_map& labels) {
  const auto label = labels.find(text_at(expression, "key"));
  const bool exists = label != labels.end();
  const std::string how = text_at(expression, "operator");
  if (how == "Exists") return exists;
  if (how == "DoesNotExist") return !exists;
  const json& values = list_at(expression, "values");
  const bool listed = exists && std::any_of(values.begin(), values.end(), [&](const json& value) {
                        return value.is_string() && value.get_ref<const std::string&>() == label->second;
                      });
  return how == "In" ? listed : how != "NotIn" || !listed;
}

/// metav1.LabelSelector: an empty one selects all Pods (policy/v1), a missing one none.
bool selects(const json& selector, const label_map& labels) {
  if (!selector.is_object()) return false;
  for (const auto& [name, value] : member(selector, "matchLabels").items()) {
    const auto label = labels.find(name);
    if (label == labels.end() || !value.is_string() || value.get_ref<const std::string&>() != label->second)
      return false;
  }
  const json& expressions = list_at(selector, "matchExpressions");
  return std::all_of(expressions.begin(), expressions.end(), [&](const json& each) { return meets(each, labels); });
}

}  // namespace

std::variant<std::vector<disruption_budget_status>, std::string> parse_disruption_budgets(std::string_view text,
                                                                                          const label_map& labels) {
  const json list = parse_json(text);
  if (text_at(list, "kind") != "PodDisruptionBudgetList") return "the answer is no list of PodDisruptionBudgets";
  std::vector<disruption_budget_status> found;
  for (const json& budget : list_at(list, "items")) {
    if (!selects(member(member(budget, "spec"), "selector"), labels)) continue;
    const json& status = member(budget, "status");
    found.push_back({text_at(member(budget, "metadata"), "name"), count_at(status, "currentHealthy"),
                     count_at(status, "desiredHealthy")});
  }
  return found;
}

boost::asio::awaitable<api_result<std::vector<disruption_budget_status>>> read_disruption_budgets(
    client& api, label_map labels, milliseconds timeout) {
  const std::string path = "/apis/policy/v1/namespaces/" + api.name_space() + "/poddisruptionbudgets";
  api_request request{.path = path, .verb = "list", .resource = "poddisruptionbudgets.policy"};
  const api_result<std::string> answer = co_await api.send(request, timeout);
  co_return understand(answer, request,
                       [&](const std::string& text) { return parse_disruption_budgets(text, labels); });
}

}  // namespace podmedic::k8s
