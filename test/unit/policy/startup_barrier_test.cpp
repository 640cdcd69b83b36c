#include "supervisor/policy/startup_barrier.hpp"

#include <gtest/gtest.h>

#include <random>

namespace podmedic::policy {
namespace {

using namespace std::chrono_literals;
using state = startup_barrier::state;

constexpr instant start{1'000s};
const startup_sight met{.sees_processes = true};
const startup_sight unmet{.sees_processes = true, .unmet = "hook 10-gpu: memory is in use"};

startup_barrier holding_since(instant began, milliseconds maximum = 20s) {
  return startup_barrier({.wanted = true, .maximum = maximum, .began = began});
}

TEST(startup_barrier, holds_until_there_is_nothing_left_to_wait_for) {
  auto barrier = holding_since(start);
  EXPECT_EQ(barrier.look(unmet, start), state::holding);
  EXPECT_EQ(barrier.waits_for(), "hook 10-gpu: memory is in use");
  const startup_sight stray{.sees_processes = true, .strays = {"pid 7 (worker)"}};
  EXPECT_EQ(barrier.look(stray, start + 1s), state::holding);
  EXPECT_EQ(barrier.waits_for(), "pid 7 (worker)");
  EXPECT_EQ(barrier.look(met, start + 2s), state::passed);
}

TEST(startup_barrier, lets_go_at_the_maximum_and_keeps_what_was_missing) {
  auto barrier = holding_since(start);
  EXPECT_EQ(barrier.look(unmet, start + 20s - 1ms), state::holding);
  EXPECT_EQ(barrier.look(unmet, start + 20s), state::timed_out);
  EXPECT_EQ(barrier.waits_for(), unmet.unmet);
}

TEST(startup_barrier, does_not_hold_again_what_it_has_let_go) {
  for (const startup_sight& let_go : {met, startup_sight{.sees_processes = true, .others_run = true}}) {
    auto barrier = holding_since(start);
    const state ended = barrier.look(let_go, start);
    EXPECT_NE(ended, state::holding);
    EXPECT_EQ(barrier.look(unmet, start + 1s), ended);
  }
}

TEST(startup_barrier, never_holds_where_another_container_runs) {
  startup_sight with_another = unmet;
  with_another.others_run = true;
  auto at_first = holding_since(start);
  EXPECT_EQ(at_first.look(with_another, start), state::not_held);
  auto meanwhile = holding_since(start);
  EXPECT_EQ(meanwhile.look(unmet, start), state::holding);
  EXPECT_EQ(meanwhile.look(with_another, start + 1s), state::not_held);
}

TEST(startup_barrier, holds_nothing_where_it_is_blind_or_not_wanted_or_cannot_remember) {
  struct row {
    startup_barrier::beginning from;
    startup_sight sight;
    state stands;
  };
  startup_sight blind = unmet;
  blind.sees_processes = false;
  startup_sight blind_and_met = met;
  blind_and_met.sees_processes = false;
  const row rows[] = {
      {{.wanted = true, .maximum = 20s, .began = start}, blind, state::blind},
      {{.wanted = true, .maximum = 20s, .began = start}, blind_and_met, state::passed},  // nothing to complain of
      {{.wanted = false, .maximum = 20s, .began = start}, unmet, state::not_held},       // Observe, paused, safe mode
      {{.wanted = true, .maximum = 0s, .began = start}, unmet, state::not_held},
      {{.wanted = true, .maximum = 20s, .began = std::nullopt}, unmet, state::not_remembered},
      {{.wanted = true, .maximum = 20s, .began = start + 1s}, unmet, state::not_remembered},  // of another clock
  };
  for (const row& each : rows) {
    startup_barrier barrier(each.from);
    EXPECT_EQ(barrier.look(each.sight, start), each.stands) << &each - rows;
  }
}

TEST(startup_barrier, is_not_prolonged_by_lives_that_end_in_the_middle) {
  // podmedic is killed every 3 s; each life remembers when the wait began
  instant now = start;
  for (; now < start + 18s; now += 3s) {
    auto barrier = holding_since(start);
    EXPECT_EQ(barrier.look(unmet, now), state::holding);
  }
  auto last = holding_since(start);
  EXPECT_EQ(last.look(unmet, start + 21s), state::timed_out);
}

TEST(startup_barrier, lets_go_before_the_kubelet_ends_podmedic_for_it) {
  auto barrier = holding_since(start - 5s, 60s);
  barrier.limit(start, 8s);
  EXPECT_EQ(barrier.look(unmet, start + 8s - 1ms), state::holding);
  EXPECT_EQ(barrier.look(unmet, start + 8s), state::timed_out);
  auto longer = holding_since(start, 5s);
  longer.limit(start, 60s);
  EXPECT_EQ(longer.until(), start + 5s);
}

TEST(startup_barrier, counts_on_all_periods_of_a_startup_probe_but_the_last) {
  EXPECT_EQ(startup_allowance(0s, 1s, 30), 28s);  // probes at 0 … 29 s; the one at 29 s must pass
  EXPECT_EQ(startup_allowance(5s, 10s, 3), 15s);
  EXPECT_EQ(startup_allowance(0s, 10s, 2), 0s);
  EXPECT_EQ(startup_allowance(5s, 10s, 1), 0s);  // the first one must pass
  EXPECT_EQ(startup_allowance(0s, 10s, 0), 0s);
}

/// Whatever is seen, in whatever order: it holds only with nobody else running, in sight, wanted, within the maximum
/// and the kubelet's limit, and never again.
TEST(startup_barrier, keeps_its_promises_in_random_worlds) {
  std::mt19937 random(7);
  const auto chance = [&](int in) { return random() % static_cast<unsigned>(in) == 0; };
  std::size_t held = 0;
  for (int world = 0; world < 20'000; ++world) {
    const milliseconds maximum{random() % 30'000};
    const instant began = start - milliseconds(random() % 30'000);
    const milliseconds allowance{random() % 30'000};
    const bool wanted = !chance(5), remembered = !chance(5);
    startup_barrier barrier(
        {.wanted = wanted, .maximum = maximum, .began = remembered ? std::optional(began) : std::nullopt});
    const bool limited = chance(2);
    if (limited) barrier.limit(start, allowance);
    instant now = start;
    bool let_go = false;
    for (int step = 0; step < 10; ++step, now += milliseconds(random() % 5'000)) {
      startup_sight sight{
          .sees_processes = !chance(10), .others_run = chance(10), .strays = {}, .unmet = chance(4) ? "" : "x"};
      if (chance(3)) sight.strays.push_back("y");
      const bool holds = barrier.look(sight, now) == state::holding;
      held += holds ? 1 : 0;
      if (holds) {
        EXPECT_FALSE(let_go);
        EXPECT_TRUE(wanted && remembered && sight.sees_processes && !sight.others_run);
        EXPECT_TRUE(!sight.unmet.empty() || !sight.strays.empty());
        EXPECT_LT(now, began + maximum);
        EXPECT_TRUE(!limited || now < start + allowance);
      }
      let_go = let_go || !holds;
    }
  }
  EXPECT_GT(held, 5'000u) << "worlds in which it has something to hold";
}

}  // namespace
}  // namespace podmedic::policy
