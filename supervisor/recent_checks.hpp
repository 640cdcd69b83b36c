#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace podmedic {

/// The last checks of one probe, for people to see at a glance: what each found, and how long it took. 256 bytes.
class recent_checks {
 public:
  static constexpr std::size_t most = 60;

  /// `verdict_index` as in variant::index() of a verdict.
  void add(std::size_t verdict_index, std::chrono::nanoseconds took);
  bool empty() const { return count_ == 0; }
  /// The first letter of each verdict's name, oldest first: "PPPFU".
  std::string verdicts() const;
  /// How long each took in seconds (three digits; at most 17 minutes), oldest first, with a space between.
  std::string seconds() const;

 private:
  struct check {
    std::uint32_t verdict_index : 2;
    std::uint32_t microseconds : 30;
  };
  const check& at(std::size_t oldest_is_0) const { return ring_[(next_ + most - count_ + oldest_is_0) % most]; }

  std::array<check, most> ring_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

}  // namespace podmedic
