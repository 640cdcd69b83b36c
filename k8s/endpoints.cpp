#include "k8s/endpoints.hpp"

#include "k8s/failure.hpp"
#include "k8s/json.hpp"

#include <map>
#include <utility>

namespace podmedic::k8s {
namespace {

constexpr std::string_view service_label = "kubernetes.io/service-name";

void read_slice(const json& slice, std::string_view pod, serving_endpoints& into) {
  for (const json& endpoint : list_at(slice, "endpoints")) {
    const json& conditions = member(endpoint, "conditions");
    const std::string name = text_at(member(endpoint, "targetRef"), "name");
    if (name == pod) into.selected = true;
    if (!flag_at(conditions, "serving") || flag_at(conditions, "terminating")) continue;
    if (name == pod) {
      into.own = true;
    } else if (!name.empty()) {
      into.others.insert(name);
    }
  }
}

}  // namespace

std::variant<serving_endpoints, std::string> parse_endpoints(std::string_view text, std::string_view pod,
                                                             std::string_view service) {
  const json list = parse_json(text);
  if (text_at(list, "kind") != "EndpointSliceList") return "the answer is no list of EndpointSlices";
  std::map<std::string, serving_endpoints> by_service;
  for (const json& slice : list_at(list, "items")) {
    const std::string of = text_at(member(member(slice, "metadata"), "labels"), service_label);
    if (service.empty() || of == service) read_slice(slice, pod, by_service[of]);
  }
  serving_endpoints found;
  for (auto& [of, each] : by_service) {
    if (!each.selected && service.empty()) continue;  // another workload's
    const bool first = !found.selected;
    const bool own = found.own || each.own;
    if (first || each.others.size() < found.others.size()) found = std::move(each);
    found.own = own;
  }
  return found;
}

boost::asio::awaitable<api_result<serving_endpoints>> read_endpoints(client& api, std::string pod, std::string service,
                                                                     milliseconds timeout) {
  std::string path = "/apis/discovery.k8s.io/v1/namespaces/" + api.name_space() + "/endpointslices";
  if (!service.empty()) path += "?labelSelector=" + std::string(service_label) + "%3D" + service;
  api_request request{.path = std::move(path), .verb = "list", .resource = "endpointslices.discovery.k8s.io"};
  const api_result<std::string> answer = co_await api.send(request, timeout);
  co_return understand(answer, request, [&](const std::string& text) { return parse_endpoints(text, pod, service); });
}

}  // namespace podmedic::k8s
