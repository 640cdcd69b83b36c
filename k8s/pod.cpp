#include "k8s/pod.hpp"

#include "k8s/failure.hpp"
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
  const api_result<std::string> answer = co_await api.send(request, timeout);
  co_return understand(answer, request,
                       [&](const std::string& text) { return parse_pod(text, own_container, restart_exit_code); });
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
  co_return co_await api.change(std::move(request), timeout);
}

}  // namespace podmedic::k8s
