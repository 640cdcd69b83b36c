#pragma once
#include "supervisor/policy/rules.hpp"

#include <cstdint>
#include <optional>

namespace podmedic::policy {

/// A small generator of random numbers (splitmix64), so that policy is repeatable from a seed.
class random_source {
 public:
  explicit random_source(std::uint64_t seed) : state_(seed) {}
  /// Uniform in [low, high]; low where high is not above it.
  std::int64_t between(std::int64_t low, std::int64_t high);

 private:
  std::uint64_t state_;
};

/// How long after a restart the next one may come: at random between the previous wait (base, for the first) and three
/// times it, at most the cap. This is decorrelated jitter whose lower end follows the waits, so that they only grow;
/// replicas that failed together drift apart.
milliseconds next_wait(const back_off_rules& rules, std::optional<milliseconds> previous, random_source& random);

}  // namespace podmedic::policy
