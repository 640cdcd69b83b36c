#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace podmedic {

/// How long the checks of one probe took that passed, as a histogram of fixed size: buckets a fifth apart, from 0.1 ms
/// to an hour.
class latencies {
 public:
  void add(std::chrono::nanoseconds took);
  std::uint64_t count() const { return count_; }
  /// The latency that `share` (0 to 1) of the checks did not exceed, in seconds, up to a fifth too high. None before
  /// the first check.
  std::optional<double> quantile(double share) const;
  /// A timeout in seconds that a healthy target keeps: three times the 99th percentile and half as much again as the
  /// slowest, at least the second that is Kubernetes' default, rounded up to a tenth (from 10 s on, to a second). None
  /// before 100 checks passed. For people to weigh: what is slow only now and then may not have been seen yet.
  std::optional<double> suggested_timeout() const;

 private:
  static constexpr std::size_t buckets = 103;
  static double upper_bound(std::size_t bucket);

  std::array<std::uint32_t, buckets> counts_{};
  std::uint64_t count_ = 0;
  double slowest_ = 0;
};

}  // namespace podmedic
