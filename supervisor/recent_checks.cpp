#include "supervisor/recent_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace podmedic {

void recent_checks::add(std::size_t verdict_index, std::chrono::nanoseconds took) {
  constexpr std::int64_t longest = (1 << 30) - 1;
  const std::int64_t microseconds = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  check& one = ring_[next_];
  one.verdict_index = verdict_index & 3;
  one.microseconds = static_cast<std::uint32_t>(std::clamp<std::int64_t>(microseconds, 0, longest)) & longest;
  next_ = (next_ + 1) % most;
  count_ = std::min(count_ + 1, most);
}

std::string recent_checks::verdicts() const {
  constexpr std::string_view letters = "PFU?";
  std::string text;
  for (std::size_t i = 0; i < count_; ++i) text += letters[at(i).verdict_index];
  return text;
}

std::string recent_checks::seconds() const {
  std::string text;
  for (std::size_t i = 0; i < count_; ++i) {
    fmt::format_to(std::back_inserter(text), "{}{:.3g}", i == 0 ? "" : " ", at(i).microseconds / 1e6);
  }
  return text;
}

}  // namespace podmedic
