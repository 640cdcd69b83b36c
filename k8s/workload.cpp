#include "k8s/workload.hpp"

#include "k8s/failure.hpp"
#include "k8s/json.hpp"

#include <algorithm>
#include <array>

namespace podmedic::k8s {
namespace {

struct known_kind {
  std::string_view kind;
  std::string_view resource;  ///< of apps/v1
};
constexpr std::array kinds{known_kind{"Deployment", "deployments"}, known_kind{"StatefulSet", "statefulsets"},
                           known_kind{"ReplicaSet", "replicasets"}, known_kind{"DaemonSet", "daemonsets"}};

std::string label_of(const pod_facts& pod, const std::string& name) {
  const auto found = pod.labels.find(name);
  return found == pod.labels.end() ? std::string() : found->second;
}

/// As an object's name must be; label values may have more.
std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '_') c = '-';
  }
  return text;
}

}  // namespace

std::string workload::lease_name(int slot) const {
  constexpr std::size_t longest = 253;  // RFC 1123 subdomain
  const std::string tail = '-' + std::to_string(slot);
  const std::string head = "podmedic-" + lower_case(kind.empty() ? name : kind + '-' + name);
  return head.substr(0, longest - tail.size()) + tail;
}

std::optional<workload> workload_of(const pod_facts& pod, const std::string& named) {
  std::string revision;
  for (const char* label : {"rollouts-pod-template-hash", "pod-template-hash", "controller-revision-hash"}) {
    if (revision.empty()) revision = label_of(pod, label);
  }
  if (!named.empty()) return workload{{}, named, revision};
  if (!pod.kept_by || pod.kept_by->kind.empty() || pod.kept_by->name.empty()) return std::nullopt;
  workload found{pod.kept_by->kind, pod.kept_by->name, revision};
  if (found.kind == "ReplicaSet") {
    const bool of_rollout = !label_of(pod, "rollouts-pod-template-hash").empty();
    if (!revision.empty() && found.name.size() > revision.size() + 1 && found.name.ends_with('-' + revision)) {
      found.name.resize(found.name.size() - revision.size() - 1);
      found.kind = of_rollout ? "Rollout" : "Deployment";
    }
  } else if (found.kind == "Job") {
    if (const std::string set = label_of(pod, "jobset.sigs.k8s.io/jobset-name"); !set.empty()) {
      found.kind = "JobSet";
      found.name = set;
    }
  }
  return found;
}

std::variant<rollout, std::string> parse_rollout(std::string_view text) {
  const json object = parse_json(text);
  const std::string kind = text_at(object, "kind");
  const json& spec = member(object, "spec");
  const json& status = member(object, "status");
  rollout found;
  const bool unseen = count_at(status, "observedGeneration") < count_at(member(object, "metadata"), "generation");
  if (kind == "DaemonSet") {
    const int wanted = count_at(status, "desiredNumberScheduled");
    const bool by_itself = text_at(member(spec, "updateStrategy"), "type") != "OnDelete";
    found.replicas = wanted;
    found.under_way = by_itself && (unseen || count_at(status, "updatedNumberScheduled") < wanted);
    return found;
  }
  const int wanted = integer_at(spec, "replicas") ? count_at(spec, "replicas") : 1;
  found.replicas = wanted;
  const int updated = count_at(status, "updatedReplicas");
  if (kind == "Deployment") {
    found.under_way =
        !flag_at(spec, "paused") && (unseen || updated < wanted || count_at(status, "replicas") > updated);
  } else if (kind == "StatefulSet") {
    const json& strategy = member(spec, "updateStrategy");
    const int kept_back = count_at(member(strategy, "rollingUpdate"), "partition");
    const bool by_itself = text_at(strategy, "type") != "OnDelete";
    const bool differs = text_at(status, "currentRevision") != text_at(status, "updateRevision");
    found.under_way = by_itself && (unseen || (differs && updated < wanted - kept_back));
  } else if (kind != "ReplicaSet") {
    return "the answer is no workload of apps/v1";
  }
  return found;
}

boost::asio::awaitable<api_result<rollout>> read_rollout(client& api, workload of, milliseconds timeout) {
  const auto known = std::find_if(kinds.begin(), kinds.end(), [&](const known_kind& k) { return k.kind == of.kind; });
  if (known == kinds.end()) co_return rollout{};
  const std::string resource(known->resource);
  const std::string path = "/apis/apps/v1/namespaces/" + api.name_space() + '/' + resource + '/' + of.name;
  api_request request{.path = path, .verb = "get", .resource = resource + ".apps"};
  const api_result<std::string> answer = co_await api.send(request, timeout);
  co_return understand(answer, request, [](const std::string& text) { return parse_rollout(text); });
}

}  // namespace podmedic::k8s
