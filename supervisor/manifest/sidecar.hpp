#pragma once
#include "supervisor/manifest/inject.hpp"
#include "supervisor/manifest/subject.hpp"

#include <string_view>
#include <vector>

namespace podmedic::manifest {

/// deploy/sidecar.yaml without its comments, embedded when podmedic is built.
std::string_view sidecar_text();
/// The same, read: container, volumes, guaranteed, token.
const node& sidecar_parts();

/// The variable by which a container knows its own name.
inline constexpr std::string_view own_variable = "PODMEDIC_CONTAINER";
/// podmedic's uid where it would have to be 0: that of its image.
inline constexpr std::string_view user_for_root = "65532";

/// What a Pod with podmedic has more than one without.
struct sidecar {
  node container;
  std::vector<node> volumes;
};
/// For that Pod: its uid is that of the container which podmedic has to look into, its startupProbe as long as the
/// startup barrier. Adds what people should know.
sidecar sidecar_for(const subject& pod, const injection& what, std::vector<std::string>& remarks);

/// Whether a volume is one of podmedic's own.
bool is_own_volume(std::string_view name);

}  // namespace podmedic::manifest
