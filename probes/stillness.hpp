#pragma once
#include "base/time.hpp"

#include <optional>

namespace podmedic::probes {

/// For how long something has been seen to stand still: pure.
///
/// Only time that was watched counts. Where two looks lie further apart than `longest_gap`, podmedic was stopped, and
/// the target perhaps with it (a frozen node, a debugger, a suspended machine): then the time begins anew.
class stillness {
 public:
  explicit stillness(milliseconds longest_gap) : longest_gap_(longest_gap) {}

  /// A look at `at`, on a monotonic clock: whether it saw something move since the one before. Returns for how long it
  /// has been still since then: 0 at the first look, and where it moved.
  milliseconds look(bool moved, milliseconds at);
  /// The time before the last look, where it was too long to count and nothing had moved.
  std::optional<milliseconds> unwatched() const { return unwatched_; }

 private:
  milliseconds longest_gap_;
  std::optional<milliseconds> since_;
  milliseconds last_{0};
  std::optional<milliseconds> unwatched_;
};

}  // namespace podmedic::probes
