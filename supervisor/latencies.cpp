#include "supervisor/latencies.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace podmedic {

namespace {

constexpr double first_bound = 1e-4;
constexpr double steps_an_octave = 4;

double rounded_up(double seconds) {
  const double step = seconds < 10 ? 10 : 1;
  return std::ceil(seconds * step - 1e-9) / step;
}

}  // namespace

double latencies::upper_bound(std::size_t bucket) {
  return first_bound * std::exp2(static_cast<double>(bucket) / steps_an_octave);
}

void latencies::add(std::chrono::nanoseconds took) {
  const double seconds = std::chrono::duration<double>(took).count();
  const double above = std::max(0.0, std::ceil(std::log2(seconds / first_bound) * steps_an_octave - 1e-9));
  std::uint32_t& bucket = counts_[seconds <= first_bound ? 0 : std::min(static_cast<std::size_t>(above), buckets - 1)];
  if (bucket == std::numeric_limits<std::uint32_t>::max()) return;  // after a century of checks a second
  ++bucket;
  ++count_;
  slowest_ = std::max(slowest_, seconds);
}

std::optional<double> latencies::quantile(double share) const {
  if (count_ == 0) return std::nullopt;
  const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket + 1 < buckets; ++bucket) {
    seen += counts_[bucket];
    if (static_cast<double>(seen) >= wanted && seen > 0) return std::min(upper_bound(bucket), slowest_);
  }
  return slowest_;  // the last bucket holds all that is longer
}

std::optional<double> latencies::suggested_timeout() const {
  constexpr std::uint64_t enough = 100;
  if (count_ < enough) return std::nullopt;
  return rounded_up(std::max({1.0, 3 * *quantile(0.99), 1.5 * slowest_}));
}

}  // namespace podmedic
