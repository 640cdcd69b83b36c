#pragma once
#include "k8s/client.hpp"

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace podmedic::k8s {

/// A PodDisruptionBudget (policy/v1), by its status.
struct disruption_budget_status {
  std::string name;
  int current_healthy = 0;
  int desired_healthy = 0;
};

/// Those of a list, as the API prints it, that select Pods with these labels. Text: why it is no such list.
std::variant<std::vector<disruption_budget_status>, std::string> parse_disruption_budgets(
    std::string_view text, const std::map<std::string, std::string>& labels);

/// Needs list on poddisruptionbudgets of policy.
boost::asio::awaitable<api_result<std::vector<disruption_budget_status>>> read_disruption_budgets(
    client& api, std::map<std::string, std::string> labels, milliseconds timeout);

}  // namespace podmedic::k8s
