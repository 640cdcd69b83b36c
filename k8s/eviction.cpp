#include "k8s/eviction.hpp"

#include "k8s/json.hpp"

namespace podmedic::k8s {

std::string eviction_json(const std::string& name_space, const std::string& pod_name, const std::string& pod_uid) {
  const json object = {
      {"apiVersion", "policy/v1"},
      {"kind", "Eviction"},
      {"metadata", {{"namespace", name_space}, {"name", pod_name}}},
      {"deleteOptions", {{"preconditions", {{"uid", pod_uid}}}}},
  };
  return to_text(object);
}

boost::asio::awaitable<api_result<std::monostate>> evict_pod(client& api, std::string pod_name, std::string pod_uid,
                                                             milliseconds timeout) {
  if (pod_uid.empty()) {
    co_return api_failure{api_fault::rejected,
                          "the Pod's uid is not known, so another of its name might be meant; grant get on pods",
                          std::nullopt};
  }
  api_request request{.method = "POST",
                      .path = "/api/v1/namespaces/" + api.name_space() + "/pods/" + pod_name + "/eviction",
                      .body = eviction_json(api.name_space(), pod_name, pod_uid),
                      .verb = "create",
                      .resource = "pods/eviction"};
  co_return co_await api.change(std::move(request), timeout);
}

}  // namespace podmedic::k8s
