#include "supervisor/policy/back_off.hpp"

#include <algorithm>

namespace podmedic::policy {

std::int64_t random_source::between(std::int64_t low, std::int64_t high) {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  z ^= z >> 31U;
  if (high <= low) return low;
  const auto span = static_cast<std::uint64_t>(high - low) + 1;
  return low + static_cast<std::int64_t>(z % span);
}

milliseconds next_wait(const back_off_rules& rules, std::optional<milliseconds> previous, random_source& random) {
  const milliseconds cap = std::max(rules.base, rules.cap);
  const milliseconds low = std::clamp(previous.value_or(rules.base), rules.base, cap);
  const milliseconds high = low > cap / 3 ? cap : low * 3;
  return milliseconds(random.between(low.count(), high.count()));
}

}  // namespace podmedic::policy
