#include "base/scalars.hpp"
#include "supervisor/config/annotation_names.hpp"
#include "supervisor/manifest/checks.hpp"

namespace podmedic::manifest {
namespace {

bool is_ours(std::string_view name) {
  return name.substr(0, name.find('/') + 1).ends_with(config::annotation::domain);
}

/// Kubernetes takes text alone as an annotation's value.
void check_types(const subject& pod, findings& into) {
  if (pod.annotations == nullptr) return;
  for (const yaml::member& each : pod.annotations->members) {
    if (!is_ours(each.name) || each.value.is == node::kind::scalar) continue;
    into.add(severity::error, each.value, "AnnotationNotText", each.name + ": an annotation's value must be text",
             "write `" + printable(each.name, 128) + ": |` and the fields below it, further to the right");
  }
}

/// A Deployment's own annotations are not those of its Pods.
void check_level(const subject& pod, findings& into) {
  if (pod.of.object == pod.of.pod) return;
  const node* beside = find(pod.of.object, {"metadata", "annotations"});
  if (beside == nullptr) return;
  for (const yaml::member& each : beside->members) {
    if (!is_ours(each.name)) continue;
    into.add(severity::error, {each.name_at.line + 1, each.name_at.column + 1}, "AnnotationNotOnPod",
             each.name + " stands on the " + pod.of.kind + ", where podmedic does not see it",
             "move it to spec.template.metadata.annotations");
  }
}

yaml::position place(const mistake& of, const subject& pod, const document& in) {
  const node& value = pod.value_of(of.source);
  if (of.line > 0 && find(pod.annotations, {of.source}) != nullptr) {
    if (const auto exact = place_of(in.text, value, {of.line, of.column})) return *exact;
  }
  return yaml::shown(in.text, value.at);
}

}  // namespace

void check_annotations(const subject& pod, const document& in, findings& into) {
  check_types(pod, into);
  check_level(pod, into);
  for (const mistake& each : pod.read.found) {
    std::string message = each.source + (each.field.empty() ? "" : ", " + each.field) + ": " + each.message;
    into.add(severity::error, place(each, pod, in), "Annotation", std::move(message), "");
  }
}

}  // namespace podmedic::manifest
