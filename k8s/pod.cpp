#include "k8s/pod.hpp"

#include "k8s/json.hpp"

namespace podmedic::k8s {
namespace {

std::string path_of(const client& api, const std::string& name) {
  return "/api/v1/namespaces/" + api.name_space() + "/pods/" + name;
}

}  // namespace

boost::asio::awaitable<api_result<pod_facts>> read_pod(client& api, std::string name, std::string own_container,
                                                       int restart_exit_code, milliseconds timeout) {
  api_request request{.path = path_of(api, name), .verb = "get", .resource = "pods"};
  const auto answer = co_await api.send(std::move(request), timeout);
  if (const auto* failure = std::get_if<api_failure>(&answer)) co_return *failure;
  auto pod = parse_pod(std::get<std::string>(answer), own_container, restart_exit_code);
  if (auto* why = std::get_if<std::string>(&pod)) {
    co_return api_failure{api_fault::unavailable, "get pods (GET " + path_of(api, name) + "): " + *why, std::nullopt};
  }
  co_return std::move(std::get<pod_facts>(pod));
}

boost::asio::awaitable<api_result<std::monostate>> annotate_last_restart(client& api, std::string name, std::string uid,
                                                                         std::string value, milliseconds timeout) {
  json patch;
  patch["metadata"]["annotations"]["podmedic.io/last-restart"] = std::move(value);
  if (!uid.empty()) patch["metadata"]["uid"] = std::move(uid);
  api_request request{.method = "PATCH",
                      .path = path_of(api, name),
                      .body = to_text(patch),
                      .content_type = "application/merge-patch+json",
                      .verb = "patch",
                      .resource = "pods"};
  const auto answer = co_await api.send(std::move(request), timeout);
  if (const auto* failure = std::get_if<api_failure>(&answer)) co_return *failure;
  co_return std::monostate{};
}

}  // namespace podmedic::k8s
