#pragma once
#include <algorithm>
#include <chrono>
#include <thread>

namespace podmedic::test {

/// At least ten times as long as anything that the tests wait for was ever seen to take.
inline constexpr std::chrono::seconds soon{180};

/// The time that a wait has left. A look that took long, because the machine stood still, uses up one second.
class patience {
 public:
  bool is_left() {
    const auto now = std::chrono::steady_clock::now();
    left_ -= std::min<std::chrono::steady_clock::duration>(now - last_look_, std::chrono::seconds(1));
    last_look_ = now;
    return left_ > std::chrono::steady_clock::duration::zero();
  }

 private:
  std::chrono::steady_clock::duration left_ = soon;
  std::chrono::steady_clock::time_point last_look_ = std::chrono::steady_clock::now();
};

/// Waits until a condition holds, or no patience is left; whether it held.
template <class Condition>
bool holds_soon(Condition condition) {
  for (patience wait; !condition();) {
    if (!wait.is_left()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace podmedic::test
