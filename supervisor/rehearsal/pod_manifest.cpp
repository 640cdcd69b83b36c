#include "supervisor/rehearsal/pod_manifest.hpp"

#include "supervisor/rehearsal/downward_api.hpp"
#include "supervisor/rehearsal/manifest_parts.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace podmedic::rehearsal {
namespace {

using namespace std::chrono_literals;

/// The value of a downwardAPI item; empty, and a mistake, where a rehearsal cannot know it.
std::string read_item(fields& item, fields& metadata, const pod_manifest& pod) {
  auto ref = item.object("fieldRef");
  if (!ref) {
    item.complain("", "a rehearsal knows items with fieldRef only");
    return {};
  }
  const std::string path = ref->required_text("fieldPath");
  if (path == "metadata.annotations") return downward_map_text(pod.annotations);
  if (path == "metadata.labels") return downward_map_text(metadata.text_map("labels"));
  const auto value = downward_value(path, pod);
  if (!value) ref->complain("fieldPath", "is not known in a rehearsal");
  return value.value_or("");
}

void read_containers(fields& spec, std::string_view list, role as, restart_policy of_pod, pod_manifest& pod) {
  for (fields& given : spec.objects(list)) {
    container_manifest container = read_container(given, as, of_pod, pod);
    const bool taken = std::any_of(pod.containers.begin(), pod.containers.end(),
                                   [&](const container_manifest& c) { return c.name == container.name; });
    if (taken) given.complain("name", "another container has that name");
    pod.containers.push_back(std::move(container));
  }
}

void read_template(fields& top, fields& given, pod_manifest& pod) {
  auto metadata = given.object("metadata");
  auto spec = given.object("spec");
  if (!spec) return given.complain("spec", "is required: the Pod's containers");
  fields& described = metadata ? *metadata : top;
  pod.name = described.text("name", pod.name);
  pod.annotations = described.text_map("annotations");
  pod.grace = spec->seconds("terminationGracePeriodSeconds", 30s, 0s, 24h);
  for (fields& volume : spec->objects("volumes")) pod.volumes.push_back(read_volume(volume, described, pod));
  constexpr std::array<std::string_view, 3> policies{"Always", "OnFailure", "Never"};
  const auto policy = static_cast<restart_policy>(spec->word("restartPolicy", 0, policies));
  read_containers(*spec, "initContainers", role::init, policy, pod);
  const std::size_t before = pod.containers.size();
  read_containers(*spec, "containers", role::regular, policy, pod);
  if (pod.containers.size() == before) spec->complain("containers", "is required: at least one container");
}

}  // namespace

std::optional<std::string> downward_value(const std::string& field_path, const pod_manifest& pod) {
  if (field_path == "metadata.name") return pod.name;
  if (field_path == "metadata.namespace") return "rehearsal";
  if (field_path == "metadata.uid") return "00000000-0000-0000-0000-000000000000";
  if (field_path == "spec.nodeName" || field_path == "spec.serviceAccountName") return "rehearsal";
  if (field_path == "status.podIP" || field_path == "status.podIPs") return "127.0.0.1";
  if (field_path == "status.hostIP" || field_path == "status.hostIPs") return "127.0.0.1";
  constexpr std::string_view annotation = "metadata.annotations['";
  if (field_path.starts_with(annotation) && field_path.ends_with("']")) {
    const auto at =
        pod.annotations.find(field_path.substr(annotation.size(), field_path.size() - annotation.size() - 2));
    return at == pod.annotations.end() ? "" : at->second;
  }
  return std::nullopt;
}

volume_manifest read_volume(fields& given, fields& metadata, pod_manifest& pod) {
  volume_manifest volume;
  volume.name = given.required_text("name");
  if (auto downward = given.object("downwardAPI")) {
    for (fields& item : downward->objects("items")) {
      volume.files.emplace(item.required_text("path"), read_item(item, metadata, pod));
    }
  } else if (!given.has("emptyDir")) {
    pod.remarks.push_back("volume " + volume.name + " is an empty directory in a rehearsal");
  }
  return volume;
}

pod_manifest read_pod(const std::string& source, std::string_view text, mistakes& found) {
  pod_manifest pod;
  fields top = fields::parse(source, text, found);
  if (top.failed()) return pod;
  constexpr std::array<std::string_view, 5> kinds{"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"};
  top.required_text("kind");
  const std::size_t kind = top.word("kind", 0, kinds);
  if (top.failed("kind")) return pod;
  if (auto metadata = top.object("metadata")) pod.name = metadata->text("name", "");
  if (kind == 0) {
    read_template(top, top, pod);
    return pod;
  }
  auto spec = top.object("spec");
  auto given = spec ? spec->object("template") : std::nullopt;
  if (given) {
    read_template(top, *given, pod);
  } else {
    top.complain("spec", "needs a template with the Pod");
  }
  return pod;
}

}  // namespace podmedic::rehearsal
