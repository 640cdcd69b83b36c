#include "supervisor/simulation/plan.hpp"

#include "supervisor/policy/back_off.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace podmedic::simulation {

std::uint64_t seed_of(const plan& of, std::uint64_t purpose, std::uint64_t number) {
  const auto mixed = [](std::uint64_t a, std::uint64_t b) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
    policy::random_source source(a * odd + b);
    return static_cast<std::uint64_t>(source.between(0, std::numeric_limits<std::int64_t>::max() - 1));
  };
  return mixed(mixed(of.seed, purpose), number);
}

bool is_in_share(const plan& of, double share, int replica) {
  constexpr double rounding = 1e-9;
  const auto before = [part = std::max(share, 1.0 / of.replicas)](int count) {
    return std::floor(count * part + rounding);
  };
  return before(replica + 1) > before(replica);
}

}  // namespace podmedic::simulation
