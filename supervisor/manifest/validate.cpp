#include "supervisor/manifest/validate.hpp"

#include "supervisor/manifest/checks.hpp"

#include <algorithm>
#include <tuple>

namespace podmedic::manifest {
namespace {

void check(const pod_template& of, const document& in, verdict& into) {
  const subject pod(of);
  if (!pod.is_ours()) {
    ++into.others;
    return;
  }
  ++into.pods;
  findings found(in, into.found);
  check_annotations(pod, in, found);
  check_sidecar(pod, found);
  check_reach(pod, found);
  check_pod(pod, found);
}

}  // namespace

verdict validate(std::string_view file) {
  verdict all;
  for (const document& each : documents_in(file)) {
    for (const yaml::error& error : each.errors) {
      const yaml::position at = yaml::shown(each.text, error.at.value_or(yaml::position{}));
      findings(each, all.found)
          .add(severity::error, at, "Yaml", (error.field.empty() ? "" : error.field + ": ") + error.message, "");
    }
    if (!each.root) continue;
    for (const pod_template& pod : pods_in(*each.root)) check(pod, each, all);
  }
  std::stable_sort(all.found.begin(), all.found.end(), [](const finding& a, const finding& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return all;
}

}  // namespace podmedic::manifest
