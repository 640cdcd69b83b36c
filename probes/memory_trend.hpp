#pragma once
#include "base/time.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace podmedic::probes {

/// Where an amount that grows is heading: a window of at most 61 points, each the smallest amount of its part of the
/// window. Pure.
///
/// Judged is the level that was never left downwards since (the lower envelope): garbage that is collected, and noise,
/// stand above it. It is a leak only where that level rose in every quarter of a whole window: a sawtooth stands still
/// until its last fall, and what has levelled off stands still at the end.
class memory_trend {
 public:
  explicit memory_trend(milliseconds window) : window_(window) {}
  void add(std::int64_t amount, milliseconds at);

  struct course {
    double per_second = 0;   ///< the slope: Theil and Sen's, the smaller one of the window's and its newer half's
    std::int64_t level = 0;  ///< now
    double settles_at = 0;   ///< where growth that slows down comes to rest; infinite where it does not slow down
  };
  /// Nothing where it does not rise, or is not known for a whole window.
  std::optional<course> rising() const;

 private:
  struct point {
    std::int64_t part;
    milliseconds at;
    std::int64_t amount;
  };
  milliseconds window_;
  std::optional<milliseconds> begin_;
  std::deque<point> points_;
};

}  // namespace podmedic::probes
