#pragma once
#include <chrono>
#include <thread>

namespace podmedic::test {

/// Waits until a condition holds, at most twenty seconds; whether it held.
template <class Condition>
bool holds_soon(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace podmedic::test
