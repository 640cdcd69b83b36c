#include "supervisor/manifest/mesh.hpp"

#include <algorithm>
#include <array>

namespace podmedic::manifest {

std::span<const std::string_view> mesh_containers() {
  static constexpr std::array<std::string_view, 12> all{
      "istio-init",       "istio-validation", "istio-proxy",     "linkerd-init", "linkerd-network-validator",
      "linkerd-proxy",    "kuma-init",        "kuma-validation", "kuma-sidecar", "consul-connect-inject-init",
      "consul-dataplane", "envoy-sidecar"};
  return all;
}

bool is_of_mesh(std::string_view container) {
  const auto all = mesh_containers();
  return std::find(all.begin(), all.end(), container) != all.end();
}

}  // namespace podmedic::manifest
