#pragma once
#include <span>
#include <string_view>

namespace podmedic::manifest {

/// Containers of service meshes that have to stand before podmedic: their proxies, and what prepares the network for
/// them (Istio, Linkerd, Kuma, Consul).
std::span<const std::string_view> mesh_containers();
bool is_of_mesh(std::string_view container);

}  // namespace podmedic::manifest
