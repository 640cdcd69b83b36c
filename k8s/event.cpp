#include "k8s/event.hpp"

#include "k8s/json.hpp"

namespace podmedic::k8s {
namespace {

constexpr std::size_t max_note_bytes = 1024;
constexpr std::size_t max_name_bytes = 128;    // of reason, action and reportingInstance
constexpr std::size_t max_prefix_bytes = 200;  // of the Pod's name (up to 253) in the Event's, which the API completes

}  // namespace

std::string event_json(const pod_event& event, const std::string& name_space, const std::string& pod_name,
                       const std::string& pod_uid) {
  const json object = {
      {"apiVersion", "events.k8s.io/v1"},
      {"kind", "Event"},
      {"metadata", {{"generateName", pod_name.substr(0, max_prefix_bytes) + "-"}, {"namespace", name_space}}},
      {"eventTime", to_micro_time(event.at)},
      {"type", event.type == pod_event::severity::normal ? "Normal" : "Warning"},
      {"reason", event.reason.substr(0, max_name_bytes)},
      {"action", (event.action.empty() ? event.reason : event.action).substr(0, max_name_bytes)},
      {"note", cut_utf8(event.note, max_note_bytes)},
      {"reportingController", "podmedic.io/podmedic"},
      {"reportingInstance", pod_name.substr(0, max_name_bytes)},
      {"regarding",
       {{"apiVersion", "v1"}, {"kind", "Pod"}, {"namespace", name_space}, {"name", pod_name}, {"uid", pod_uid}}},
  };
  return to_text(object);
}

boost::asio::awaitable<api_result<std::monostate>> publish_event(client& api, std::string pod_name, std::string pod_uid,
                                                                 pod_event event, milliseconds timeout) {
  api_request request{.method = "POST",
                      .path = "/apis/events.k8s.io/v1/namespaces/" + api.name_space() + "/events",
                      .body = event_json(event, api.name_space(), pod_name, pod_uid),
                      .verb = "create",
                      .resource = "events.events.k8s.io"};
  co_return co_await api.change(std::move(request), timeout);
}

}  // namespace podmedic::k8s
