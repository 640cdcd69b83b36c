#include "supervisor/latencies.hpp"

#include <gtest/gtest.h>

namespace podmedic {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// One of each from 1 ms up to that many.
latencies up_to(int longest_milliseconds) {
  latencies seen;
  for (int ms = 1; ms <= longest_milliseconds; ++ms) seen.add(milliseconds(ms));
  return seen;
}

TEST(latencies, knows_quantiles_up_to_a_fifth_too_high) {
  const latencies seen = up_to(1000);
  for (const double share : {0.01, 0.1, 0.5, 0.9, 0.99}) {
    EXPECT_GE(*seen.quantile(share), share) << share;
    EXPECT_LE(*seen.quantile(share), share * 1.2) << share;
  }
  EXPECT_EQ(*seen.quantile(1), 1.0) << "never above the slowest";
}

TEST(latencies, says_nothing_of_no_checks_and_takes_any_length) {
  latencies seen;
  EXPECT_FALSE(seen.quantile(0.5));
  for (const auto took : {microseconds(0), microseconds(1), microseconds(100), microseconds(7'200'000'000)})
    seen.add(took);
  EXPECT_EQ(seen.count(), 4U);
  EXPECT_LE(*seen.quantile(0.5), 1e-4);
  EXPECT_GE(*seen.quantile(1), 3600);
}

TEST(latencies, suggests_a_timeout_only_when_it_has_seen_enough) {
  EXPECT_FALSE(up_to(99).suggested_timeout());
  EXPECT_EQ(*up_to(100).suggested_timeout(), 1.0) << "three times 99 ms is less than Kubernetes' default";
}

TEST(latencies, suggests_three_times_the_99th_percentile_and_more_than_the_slowest) {
  // 3 x 990 ms, and up to a fifth more for the buckets.
  EXPECT_GE(*up_to(1000).suggested_timeout(), 2.9);
  EXPECT_LE(*up_to(1000).suggested_timeout(), 3.6);
  latencies seen = up_to(300);
  seen.add(milliseconds(20'100));
  EXPECT_EQ(*seen.suggested_timeout(), 31.0) << "half as much again as the slowest, in whole seconds";
}

}  // namespace
}  // namespace podmedic
