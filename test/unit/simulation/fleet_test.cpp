// Fleets with the real medic. What is expected is reckoned by hand from the plan; the judges are proven by wrong
// medics.
#include "supervisor/simulation/simulate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmedic::simulation {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::IsEmpty;
using ::testing::StartsWith;

plan some_fleet(std::vector<illness> illnesses) {
  plan what;
  what.replicas = 20;
  what.length = 6h;
  what.rules.in_mode = policy::mode::enforce;
  what.rules.probes = {{.name = "server"}};
  what.illnesses = std::move(illnesses);
  what.takes_turns = false;
  return what;
}

/// Five replicas, two at a time.
plan with_turns(std::vector<illness> illnesses) {
  plan what = some_fleet(std::move(illnesses));
  what.replicas = 5;
  what.takes_turns = true;
  what.rules.fleet.max_unavailable = 2;
  return what;
}

fleet run(const plan& what, const server_health& health, bool leaves_out = true) {
  fleet all(what, health, {.begin = lead_in(what), .leaves_out = leaves_out});
  all.run();
  return all;
}

TEST(fleet, each_wedged_replica_is_restarted_once_and_the_others_are_left_alone) {
  const plan what = some_fleet({{.what = illness::kind::wedge, .share = 0.5}});
  const outcome came = simulate(what);
  const course& seen = came.figures.fleets.front().seen;
  EXPECT_THAT(came.broken, IsEmpty());
  EXPECT_EQ(seen.fell_ill(), 10);
  EXPECT_EQ(seen.restarts(), 10U);
  EXPECT_EQ(seen.most_restarts(), 1U);
  EXPECT_EQ(seen.peak_unavailable(), 10);
  // Detection (three checks within their periods, a fourth to confirm), settling, restart, warm-up.
  ASSERT_TRUE(seen.time_to_heal());
  EXPECT_GE(*seen.time_to_heal(), 2 * 10s + 2s + 2s + 5s + 30s);
  EXPECT_LE(*seen.time_to_heal(), 3 * 10s + 3s + 3s + 5s + 30s + 10s + 2s);
  EXPECT_EQ(came.figures.optimum, 31s + 35s);
}

TEST(fleet, a_poison_release_ends_in_holding_after_three_restarts_of_each) {
  const outcome came = simulate(some_fleet({{.what = illness::kind::poison}}));
  EXPECT_THAT(came.broken, IsEmpty());
  EXPECT_EQ(came.figures.fleets[0].seen.restarts(), 3U * 20);
  EXPECT_EQ(came.figures.fleets[0].seen.time_to_heal(), std::nullopt);
  EXPECT_GT(came.figures.fleets[1].seen.restarts(), 3U * 20) << "a liveness probe goes on";
}

TEST(fleet, a_healthy_one_is_never_restarted_whatever_becomes_of_podmedic) {
  plan what = some_fleet({});
  what.troubled.crash_every = 20min;
  what.troubled.skew = 24h;
  const outcome came = simulate(what);
  EXPECT_THAT(came.broken, IsEmpty());
  EXPECT_EQ(came.figures.fleets[0].seen.restarts(), 0U);
  EXPECT_GT(came.figures.fleets[0].seen.peak_unavailable(), 0) << "a Pod whose sidecar is down is not Ready";
}

TEST(fleet, checks_that_are_left_out_change_nothing) {
  std::vector<plan> plans;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    for (const illness& ill : {illness{.what = illness::kind::wedge, .spread = 1h},
                               illness{.what = illness::kind::wedge, .spread = 10min, .lasts = 35s},
                               illness{.what = illness::kind::poison, .share = 0.3},
                               illness{.what = illness::kind::leak, .every = 25min, .spread = 10min}}) {
      plan what = some_fleet({ill});
      what.seed = seed;
      what.replicas = 5;
      what.rules.budget = {.restarts = static_cast<int>(seed), .window = 40min};
      what.rules.back_off.cap = seed * 100s;
      what.rules.probes.front().success_threshold = 1 + static_cast<int>(seed % 2);
      if (seed % 3 == 0) what.troubled.crash_every = 2h;
      plans.push_back(what);
    }
  }
  for (plan what : plans) {
    what.takes_turns = what.seed % 2 == 0;
    what.rules.fleet.max_unavailable = 2;
    const server_health health(what, lead_in(what));
    const fleet quick = run(what, health);
    const fleet whole = run(what, health, false);
    const auto where = "seed " + std::to_string(what.seed);
    EXPECT_EQ(quick.seen().restarts(), whole.seen().restarts()) << where;
    EXPECT_EQ(quick.seen().time_to_heal(), whole.seen().time_to_heal()) << where;
    EXPECT_EQ(quick.seen().unavailable(), whole.seen().unavailable()) << where;
    EXPECT_EQ(quick.api_requests(), whole.api_requests()) << where;
    EXPECT_THAT(quick.broken(), IsEmpty()) << quick.broken().front().what;
    EXPECT_THAT(whole.broken(), IsEmpty()) << whole.broken().front().what;
  }
}

TEST(fleet, the_same_seed_gives_the_same_history_and_another_one_another) {
  plan what = some_fleet({{.what = illness::kind::leak, .every = 25min, .spread = 10min}});
  const std::string first = to_json(what, simulate(what).figures);
  EXPECT_EQ(to_json(what, simulate(what).figures), first);
  what.seed = 2;
  EXPECT_NE(to_json(what, simulate(what).figures), first);
}

TEST(fleet, replicas_that_wedge_together_are_restarted_in_turns) {
  const plan what = with_turns({{.what = illness::kind::wedge}});
  const outcome came = simulate(what);
  const course& seen = came.figures.fleets.front().seen;
  EXPECT_THAT(came.broken, IsEmpty());
  EXPECT_EQ(seen.restarts(), 5U);
  EXPECT_EQ(seen.most_restarts(), 1U);
  EXPECT_EQ(came.figures.optimum, 31s + 3 * (5s + 30s + 60s));
  // The third group waits for two turns of the others: restart, warm-up, a minute that proves it, cool-down.
  ASSERT_TRUE(seen.time_to_heal());
  EXPECT_GE(*seen.time_to_heal(), 21s + 2 * (5s + 30s + 60s + 60s) + 35s);
  EXPECT_LE(*seen.time_to_heal(), 31s + 3 * (5s + 30s + 60s + 60s + 30s));
}

TEST(fleet, turns_hold_and_all_heal_whatever_befalls_api_and_podmedic) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    plan what = with_turns({{.what = illness::kind::wedge, .spread = std::chrono::seconds(seed * 20)}});
    what.seed = seed;
    what.rules.warm_up.maximum = 2min;  // so that a Lease expires within the day
    what.troubled = {.api_latency = milliseconds(seed * 90),
                     .api_failures = 0.02 * static_cast<double>(seed % 5),
                     .api_conflicts = 0.03 * static_cast<double>(seed % 4),
                     .outages = {{.at = 80s, .lasts = 60s}},
                     .partitions = {{.at = 5min, .lasts = 20min, .share = 0.4}},
                     .crash_every = 30min,
                     .skew = 24h};
    const outcome came = simulate(what);
    EXPECT_THAT(came.broken, IsEmpty()) << "seed " << seed << ": " << came.broken.front().what;
    EXPECT_TRUE(came.figures.fleets.front().seen.time_to_heal()) << "seed " << seed;
  }
}

TEST(fleet, a_poison_release_does_not_walk_through_it) {
  const outcome came = simulate(with_turns({{.what = illness::kind::poison}}));
  EXPECT_THAT(came.broken, IsEmpty());
  EXPECT_GE(came.figures.fleets[0].seen.restarts(), 1U);
  EXPECT_LE(came.figures.fleets[0].seen.restarts(), 3U) << "what did not help two is not tried on the others";
}

TEST(fleet, a_medic_that_knows_no_turns_breaks_invariant_8) {
  const meddling alone{
      .event = [](policy::any_event& e) { return !std::holds_alternative<policy::event::place_found>(e); }};
  const outcome came = simulate(with_turns({{.what = illness::kind::wedge}}), alone);
  ASSERT_FALSE(came.broken.empty());
  EXPECT_THAT(came.broken.front().what, StartsWith("8. "));
}

TEST(fleet, a_medic_that_keeps_its_turn_for_good_breaks_progress) {
  const meddling keeps{.action = [](policy::any_action& a) {
    auto* writes = std::get_if<policy::action::write_lease>(&a);
    return writes == nullptr || !writes->wanted.holder.empty();
  }};
  plan what = with_turns({{.what = illness::kind::wedge}});
  what.length = 24h;
  const outcome came = simulate(what, keeps);
  ASSERT_FALSE(came.broken.empty());
  EXPECT_THAT(came.broken.front().what, StartsWith("12. "));
}

TEST(fleet, a_medic_that_never_restarts_breaks_progress_in_every_replica) {
  const meddling never{
      .action = [](policy::any_action& a) { return !std::holds_alternative<policy::action::restart>(a); }};
  const outcome came = simulate(some_fleet({{.what = illness::kind::wedge}}), never);
  EXPECT_EQ(came.figures.violations, 20U);
  for (const broken_promise& each : came.broken) EXPECT_THAT(each.what, StartsWith("12. "));
}

TEST(fleet, a_medic_that_ignores_its_ledger_breaks_budget_back_off_or_escalation) {
  const meddling forgets{.birth = [](policy::medic::beginning& from) {
    from.book.restarts.clear();
    from.book.calm_at.reset();
  }};
  const outcome came = simulate(some_fleet({{.what = illness::kind::poison}}), forgets);
  EXPECT_EQ(came.figures.violations, 20U);
  for (const broken_promise& each : came.broken) {
    EXPECT_THAT(each.what, AnyOf(StartsWith("2. "), StartsWith("4. "), StartsWith("7. ")));
  }
}

}  // namespace
}  // namespace podmedic::simulation
