#include "k8s/lease.hpp"

#include "k8s/failure.hpp"
#include "k8s/json.hpp"

#include <algorithm>

namespace podmedic::k8s {
namespace {

constexpr std::string_view unrecovered_annotation = "podmedic.io/unrecovered";
constexpr std::int64_t longest_seconds = 7 * 24 * 3600;  // longer ones are somebody's slip, or worse

api_request request_for(const client& api, std::string method, std::string verb, const std::string& name) {
  const std::string all = "/apis/coordination.k8s.io/v1/namespaces/" + api.name_space() + "/leases";
  return {.method = std::move(method),
          .path = name.empty() ? all : all + '/' + name,
          .body = {},
          .verb = std::move(verb),
          .resource = "leases.coordination.k8s.io"};
}

}  // namespace

std::variant<lease_object, std::string> parse_lease(std::string_view text) {
  const json object = parse_json(text);
  if (text_at(object, "kind") != "Lease") return "the answer is no Lease";
  const json& metadata = member(object, "metadata");
  const json& spec = member(object, "spec");
  lease_object found;
  found.version = text_at(metadata, "resourceVersion");
  if (found.version.empty()) return "the Lease in the answer has no resourceVersion";
  found.holder = text_at(spec, "holderIdentity");
  found.duration = std::chrono::seconds(
      std::clamp<std::int64_t>(integer_at(spec, "leaseDurationSeconds").value_or(0), 0, longest_seconds));
  found.transitions = count_at(spec, "leaseTransitions");
  found.unrecovered = text_at(member(metadata, "annotations"), unrecovered_annotation);
  return found;
}

std::string lease_json(const std::string& name, const std::string& name_space, const lease_object& wanted,
                       bool new_holder, wall_time now) {
  json object;
  json& metadata = object["metadata"];
  if (wanted.version.empty()) {
    object["apiVersion"] = "coordination.k8s.io/v1";
    object["kind"] = "Lease";
    metadata["name"] = name;
    metadata["namespace"] = name_space;
    metadata["labels"]["app.kubernetes.io/managed-by"] = "podmedic";
  } else {
    metadata["resourceVersion"] = wanted.version;
  }
  json& listed = metadata["annotations"][std::string(unrecovered_annotation)];
  if (!wanted.unrecovered.empty()) listed = wanted.unrecovered;  // else null: none
  if (wanted.version.empty() && wanted.unrecovered.empty()) metadata.erase("annotations");
  json& spec = object["spec"];
  spec["holderIdentity"] = wanted.holder;
  // The API wants a duration of at least a second.
  const auto duration = std::chrono::ceil<std::chrono::seconds>(wanted.duration).count();
  spec["leaseDurationSeconds"] = std::clamp<std::int64_t>(duration, 1, longest_seconds);
  spec["leaseTransitions"] = wanted.transitions;
  spec["renewTime"] = to_micro_time(now);
  if (new_holder) spec["acquireTime"] = to_micro_time(now);
  return to_text(object);
}

boost::asio::awaitable<api_result<lease_object>> read_lease(client& api, std::string name, milliseconds timeout) {
  api_request request = request_for(api, "GET", "get", name);
  const api_result<std::string> answer = co_await api.send(request, timeout);
  const auto* failure = std::get_if<api_failure>(&answer);
  if (failure != nullptr && failure->fault == api_fault::not_found) co_return lease_object{};
  co_return understand(answer, request, [](const std::string& text) { return parse_lease(text); });
}

boost::asio::awaitable<api_result<lease_object>> write_lease(client& api, std::string name, lease_object wanted,
                                                             bool new_holder, wall_time now, milliseconds timeout) {
  const bool is_new = wanted.version.empty();
  api_request request = request_for(api, is_new ? "POST" : "PATCH", is_new ? "create" : "patch", is_new ? "" : name);
  if (!is_new) request.content_type = "application/merge-patch+json";
  request.body = lease_json(name, api.name_space(), wanted, new_holder, now);
  const api_result<std::string> answer = co_await api.send(request, timeout);
  co_return understand(answer, request, [](const std::string& text) { return parse_lease(text); });
}

}  // namespace podmedic::k8s
