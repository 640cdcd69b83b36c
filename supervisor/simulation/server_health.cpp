#include "supervisor/simulation/server_health.hpp"

#include "supervisor/policy/back_off.hpp"

#include <algorithm>

namespace podmedic::simulation {

std::optional<server_health::bout> server_health::of(std::size_t illness, int replica, moment started) const {
  const simulation::illness& ill = plan_.illnesses[illness];
  if (!is_in_share(plan_, ill.share, replica)) return std::nullopt;
  const bool by_age = ill.what == illness::kind::leak;
  moment begins = by_age ? started + ill.every : begin_ + ill.at;
  if (ill.spread.count() > 0) {
    const auto life = by_age ? static_cast<std::uint64_t>(started.count()) : 0;
    policy::random_source random(seed_of(plan_, life * 64 + illness, static_cast<std::uint64_t>(replica)));
    begins += milliseconds(random.between(0, ill.spread.count()));
  }
  if (ill.what == illness::kind::wedge && started >= begins) return std::nullopt;  // started anew since
  return bout{begins, ill.lasts ? begins + *ill.lasts : never};
}

bool server_health::hangs(int replica, moment now, moment started) const {
  for (std::size_t i = 0; i < plan_.illnesses.size(); ++i) {
    if (const auto ill = of(i, replica, started); ill && ill->begins <= now && now < ill->ends) return true;
  }
  return false;
}

moment server_health::steady_until(int replica, moment now, moment started) const {
  moment first = never;
  for (std::size_t i = 0; i < plan_.illnesses.size(); ++i) {
    const auto ill = of(i, replica, started);
    if (!ill) continue;
    for (const moment change : {ill->begins, ill->ends}) {
      if (change > now) first = std::min(first, change);
    }
  }
  return first;
}

int server_health::faulted() const {
  int count = 0;
  for (int replica = 0; replica < plan_.replicas; ++replica) {
    count += std::any_of(plan_.illnesses.begin(), plan_.illnesses.end(),
                         [&](const illness& ill) { return is_in_share(plan_, ill.share, replica); });
  }
  return count;
}

}  // namespace podmedic::simulation
