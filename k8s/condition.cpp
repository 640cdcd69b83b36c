#include "k8s/condition.hpp"

#include "base/clock.hpp"
#include "k8s/json.hpp"

namespace podmedic::k8s {

std::string condition_patch(bool in_service, wall_time since, const std::string& pod_uid) {
  json patch;
  if (!pod_uid.empty()) patch["metadata"]["uid"] = pod_uid;
  patch["status"]["conditions"] = json::array({{
      {"type", in_service_condition},
      {"status", in_service ? "True" : "False"},
      {"reason", in_service ? "InTraffic" : "OutOfTraffic"},
      {"message", in_service ? "podmedic lets the Pod have traffic" : "podmedic has taken the Pod out of traffic"},
      {"lastTransitionTime", to_rfc3339(since)},
  }});
  return to_text(patch);
}

boost::asio::awaitable<api_result<std::monostate>> set_in_service(client& api, std::string pod_name,
                                                                  std::string pod_uid, bool in_service, wall_time since,
                                                                  milliseconds timeout) {
  api_request request{.method = "PATCH",
                      .path = "/api/v1/namespaces/" + api.name_space() + "/pods/" + pod_name + "/status",
                      .body = condition_patch(in_service, since, pod_uid),
                      .content_type = "application/strategic-merge-patch+json",
                      .verb = "patch",
                      .resource = "pods/status"};
  co_return co_await api.change(std::move(request), timeout);
}

}  // namespace podmedic::k8s
