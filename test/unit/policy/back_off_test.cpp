#include "supervisor/policy/back_off.hpp"

#include <gtest/gtest.h>

#include <set>

namespace podmedic::policy {
namespace {

TEST(BackOff, EachWaitIsBetweenTheLastAndThreeTimesIt) {
  random_source random(1);
  const back_off_rules rules{.base = seconds(10), .cap = seconds(600)};
  for (int i = 0; i < 1000; ++i) {
    const milliseconds wait = next_wait(rules, seconds(50), random);
    EXPECT_GE(wait, seconds(50));
    EXPECT_LE(wait, seconds(150));
  }
}

TEST(BackOff, TheFirstWaitGrowsFromTheBase) {
  random_source random(2);
  for (int i = 0; i < 1000; ++i) {
    const milliseconds wait = next_wait({.base = seconds(10), .cap = seconds(600)}, std::nullopt, random);
    EXPECT_GE(wait, seconds(10));
    EXPECT_LE(wait, seconds(30));
  }
}

TEST(BackOff, WaitsReachTheCapAndStayThere) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    random_source random(seed);
    const back_off_rules rules{.base = seconds(10), .cap = seconds(600)};
    std::optional<milliseconds> wait;
    for (int i = 0; i < 100; ++i) {
      const milliseconds next = next_wait(rules, wait, random);
      EXPECT_GE(next, wait.value_or(rules.base));
      EXPECT_LE(next, rules.cap);
      wait = next;
    }
    EXPECT_EQ(*wait, rules.cap) << "100 waits, each twice the last on average";
  }
}

TEST(BackOff, OddRulesGiveAWaitAllTheSame) {
  struct row {
    milliseconds base, cap;
    std::optional<milliseconds> previous;
    milliseconds low, high;
  };
  const std::vector<row> rows{
      {seconds(10), seconds(10), {}, seconds(10), seconds(10)},               // no room to grow
      {seconds(10), seconds(600), seconds(900), seconds(600), seconds(600)},  // the cap was lowered by an edit
      {seconds(10), seconds(600), seconds(1), seconds(10), seconds(30)},      // the base was raised
      {seconds(10), seconds(5), {}, seconds(10), seconds(10)},                // a cap below the base: the longer one
      {milliseconds(0), seconds(600), {}, milliseconds(0), milliseconds(0)},  // none asked for
      {seconds(10), milliseconds::max(), milliseconds::max() / 2, milliseconds::max() / 2, milliseconds::max()},
  };
  for (const row& r : rows) {
    random_source random(3);
    for (int i = 0; i < 20; ++i) {
      const milliseconds wait = next_wait({.base = r.base, .cap = r.cap}, r.previous, random);
      EXPECT_GE(wait, r.low);
      EXPECT_LE(wait, r.high);
    }
  }
}

TEST(RandomSource, IsRepeatableAndReachesBothEnds) {
  random_source one(7);
  random_source other(7);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 200; ++i) {
    const std::int64_t value = one.between(-1, 2);
    EXPECT_EQ(value, other.between(-1, 2));
    seen.insert(value);
  }
  EXPECT_EQ(seen, (std::set<std::int64_t>{-1, 0, 1, 2}));
}

TEST(BackOff, ReplicasThatFailedTogetherDriftApart) {
  std::set<milliseconds::rep> waits;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    random_source random(seed);
    waits.insert(next_wait({.base = seconds(10), .cap = seconds(600)}, std::nullopt, random).count());
  }
  EXPECT_GT(waits.size(), 90U);
}

}  // namespace
}  // namespace podmedic::policy
