#pragma once
#include "k8s/pod.hpp"
#include "supervisor/config/configuration.hpp"
#include "supervisor/manifest/document.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::manifest {

struct container_view {
  const node* at;
  std::string name;
  bool init = false;     ///< stands in initContainers
  bool sidecar = false;  ///< an init container with restartPolicy: Always
};

/// A Pod as the checks see it.
struct subject {
  pod_template of;
  const node* spec;
  const node* annotations;                 ///< the Pod's; null: it has none
  std::vector<container_view> containers;  ///< init containers first, in their order
  const container_view* medic;             ///< podmedic's own; null: there is none
  config::annotations given;               ///< all whose value is text
  config::configuration read;
  k8s::pod_facts facts;  ///< what the Pod's own manifest tells of them
  int restart_code;      ///< that podmedic exits with

  subject(const pod_template& from);
  subject(const subject&) = delete;
  subject& operator=(const subject&) = delete;

  /// Whether podmedic stands in it, or is asked for by an annotation or a label.
  bool is_ours() const;
  const container_view* container(std::string_view name) const;
  /// The container that a probe is about: the named one, or the only other one; null: not to be told.
  const container_view* judged(const std::string& name) const;
  /// The value of an annotation, or where it would stand.
  const node& value_of(std::string_view annotation) const;
  bool enforces() const;
  /// Whether a probe asks for that.
  bool asks_for(policy::remedy remedy) const;
};

/// What a podmedic container was started with: `--name VALUE`, `--name=VALUE`, or the variable.
std::string option_of(const node& container, std::string_view name, std::string_view variable, std::string fallback);
/// Whether a probe or hook of the kubelet's runs those words of podmedic: `{exec: {command: [/podmedic, check,
/// startup]}}`.
bool runs(const node* probe, std::initializer_list<std::string_view> words);
/// A mount of the container whose path holds `path`; null where there is none.
const node* mount_of(const node& container, std::string_view path);
/// Whether requests and limits of cpu and memory are equal, as QoS class Guaranteed wants it of each container.
bool is_guaranteed(const node& container);
/// The same of all containers but podmedic's.
bool others_are_guaranteed(const subject& pod);
/// podmedic's container of a Pod, by its name or by what it runs; null where there is none.
const node* medic_in(const node* list);

}  // namespace podmedic::manifest
