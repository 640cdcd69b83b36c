#include "supervisor/simulation/plain_fleet.hpp"

#include <gtest/gtest.h>

namespace podmedic::simulation {
namespace {

using namespace std::chrono_literals;

plan one_replica(illness ill) {
  plan what;
  what.replicas = 1;
  what.length = 1h;
  what.rules.probes = {{.name = "server", .failure_threshold = 3}};
  what.period = 10s;
  what.timeout = 1s;
  what.restart_takes = 5s;
  what.warm_up = 20s;
  what.grace = 30s;
  what.illnesses = {ill};
  return what;
}

course run(plain under, const plan& what) {
  constexpr moment begin = 100s;
  const server_health health(what, begin);
  return run_plain(under, what, health, begin);
}

TEST(plain_fleet, a_liveness_probe_kills_at_its_third_failure_and_waits_for_the_grace_period) {
  const course seen = run(plain::liveness_probe, one_replica({.what = illness::kind::wedge, .at = 60s}));
  EXPECT_EQ(seen.restarts(), 1U);
  ASSERT_TRUE(seen.time_to_heal());
  // A first check within a period, two more, the last one's timeout; grace, start, warm-up.
  EXPECT_GE(*seen.time_to_heal(), 2 * 10s + 1s + 30s + 5s + 20s);
  EXPECT_LT(*seen.time_to_heal(), 3 * 10s + 1s + 30s + 5s + 20s);
}

TEST(plain_fleet, a_liveness_probe_gets_the_kubelets_back_off_from_the_second_kill_on) {
  plan what = one_replica({.what = illness::kind::poison, .at = 60s});
  what.length = 10min;
  const course seen = run(plain::liveness_probe, what);
  EXPECT_EQ(seen.time_to_heal(), std::nullopt);
  // Some 86 s a life, and 0, 10, 20, 40, 80 s of back-off: kills near 85, 170, 266, 372, 500 s.
  EXPECT_EQ(seen.restarts(), 5U);
}

TEST(plain_fleet, a_naive_sidecar_heals_what_starts_before_its_third_failure_and_loops_where_nothing_does) {
  plan what = one_replica({.what = illness::kind::wedge, .at = 60s});
  what.warm_up = 10s;
  const course quick = run(plain::naive_sidecar, what);
  EXPECT_EQ(quick.restarts(), 1U);
  EXPECT_LT(*quick.time_to_heal(), 3 * 10s + 1s + 5s + 10s);
  what.warm_up = 2min;
  const course slow = run(plain::naive_sidecar, what);
  EXPECT_EQ(slow.time_to_heal(), std::nullopt);
  EXPECT_GT(slow.restarts(), 3500U / 35) << "a life of at most 35 s, for most of an hour";
  EXPECT_LT(slow.restarts(), 3600U / 25);
}

TEST(plain_fleet, what_passes_by_itself_before_the_third_failure_is_not_restarted) {
  const plan what = one_replica({.what = illness::kind::wedge, .at = 60s, .lasts = 15s});
  for (const plain under : {plain::liveness_probe, plain::naive_sidecar}) {
    const course seen = run(under, what);
    EXPECT_EQ(seen.restarts(), 0U);
    EXPECT_EQ(seen.time_to_heal(), 15s);
    EXPECT_EQ(seen.peak_unavailable(), 1);
  }
}

}  // namespace
}  // namespace podmedic::simulation
