// How a Pod's lifecycle waits for its turn in the fleet. turn_test.cpp has the turn itself.
#include "test/unit/policy/medic_driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmedic::policy::test {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

const lease free_lease{.version = "1"};
const fleet_view others_serve{.ready = true, .serving = true, .others_serving = {"b", "c"}, .replicas = 3};

/// One replica of three; what it asks of the API is answered by the test.
struct a_replica : testing::Test {
  driver pod;

  a_replica() : a_replica(driver::usual()) {}
  explicit a_replica(const rules& use) : pod(use) {
    pod.feed(event::place_found{own_place{"Deployment engine", "a_uid", "7d9"}});
    pod.feed(event::lease_read{0, free_lease});
  }
  /// To the end of the look, and the Lease is its.
  words take() {
    pod.feed(event::lease_read{0, free_lease});
    pod.feed(event::fleet_read{others_serve});
    return pod.feed(event::lease_written{.slot = 0,
                                         .how = event::lease_written::result::written,
                                         .now = {.holder = "a_uid", .duration = minutes(60), .version = "2"}});
  }
  bool ready() { return pod.of().ready(); }
  std::string forbidden() {
    const auto all = pod.of().refusals(pod.now(), pod.wall());
    return all.empty() ? "" : all.front().why.reason;
  }
};

TEST_F(a_replica, stays_in_traffic_until_it_is_its_turn_and_then_drains) {
  pod.to_waiting_or_drain();
  EXPECT_EQ(pod.of().in(), phase::waiting);
  EXPECT_TRUE(ready()) << "leaving traffic takes a turn as restarting does";
  EXPECT_EQ(forbidden(), "AskingForTurn");
  EXPECT_THAT(take(), Contains("[drain]"));
  EXPECT_FALSE(ready());
}

TEST_F(a_replica, that_heals_while_it_waits_returns_what_it_took) {
  pod.to_waiting_or_drain();
  pod.feed(event::lease_read{0, free_lease});
  pod.feed(event::fleet_read{others_serve});
  pod.passes();
  const words then = pod.feed(event::lease_written{
      .slot = 0, .how = event::lease_written::result::written, .now = {.holder = "a_uid", .version = "2"}});
  EXPECT_THAT(then, Contains("[write lease]"));
  EXPECT_THAT(then, Not(Contains("[drain]")));
}

TEST_F(a_replica, keeps_its_turn_while_a_relapse_is_confirmed) {
  pod.to_waiting_or_drain();
  take();
  pod.later(seconds(2));
  pod.feed(event::drained{});
  pod.feed(event::diagnosed{});
  pod.feed(event::committed{});
  pod.feed(event::quiesced{});
  driver next = pod.next_life();
  next.feed(event::place_found{own_place{"Deployment engine", "a_uid", "7d9"}});
  next.feed(event::lease_read{0, lease{.holder = "a_uid", .duration = minutes(60), .version = "2"}});
  next.later(seconds(1));
  next.passes();
  for (int i = 0; i < 3; ++i) {
    next.later(seconds(1));
    EXPECT_THAT(next.hangs(), Not(Contains("[write lease]"))) << i;
  }
  EXPECT_EQ(next.of().in(), phase::suspect);
}

TEST_F(a_replica, that_loses_its_turn_while_it_drains_goes_back_to_traffic) {
  pod.to_waiting_or_drain();
  take();
  pod.later(seconds(31));
  pod.hangs();  // the Lease is renewed, and somebody else has it
  pod.feed(event::lease_written{.slot = 0, .how = event::lease_written::result::conflict});
  const words then = pod.feed(event::lease_read{0, lease{.holder = "b_uid", .duration = minutes(60), .version = "3"}});
  EXPECT_THAT(then, Contains("[stop, with hooks]"));
  EXPECT_TRUE(ready());
}

TEST_F(a_replica, that_a_person_asks_to_restart_waits_for_its_turn_and_says_so) {
  pod.to_watching();
  EXPECT_THAT(pod.request(), Contains("[yes]"));
  EXPECT_TRUE(ready());
  EXPECT_THAT(take(), Contains("[drain]"));
}

TEST_F(a_replica, holds_where_restarts_of_two_others_did_not_help) {
  pod.to_waiting_or_drain();
  const lease poisoned{.unrecovered = {{"engine", {"7d9", {"b_uid", "c_uid"}}}}, .version = "9"};
  EXPECT_THAT(pod.feed(event::lease_read{0, poisoned}), Contains("Holding"));
  EXPECT_TRUE(ready());
  EXPECT_THAT(pod.passes_for(seconds(25)), IsEmpty());
  EXPECT_EQ(pod.of().in(), phase::watching) << "it healed by itself";
}

struct a_replica_that_only_drains : a_replica {
  static rules drains() {
    rules use = driver::usual();
    use.probes.front().on_failure = remedy::drain;
    return use;
  }
  a_replica_that_only_drains() : a_replica(drains()) {}
};

TEST_F(a_replica_that_only_drains, takes_a_turn_to_leave_and_returns_it_when_the_probe_passes) {
  pod.to_watching();
  pod.fail_until_confirmed();
  EXPECT_TRUE(ready());
  take();
  EXPECT_FALSE(ready());
  EXPECT_THAT(pod.passes(), Contains("[write lease]"));
  EXPECT_TRUE(ready());
}

TEST(a_replica_that_judges_nothing, is_not_woken_for_a_turn) {
  constexpr instant now{std::chrono::hours(2)};
  medic::beginning from{.use = driver::usual(), .book = {}, .found = book_found::sound};
  for (int i = 3; i > 0; --i) from.book.lives.push_back({now - minutes(i), false});
  medic safe(std::move(from), now);
  safe.step(event::place_found{own_place{"Deployment engine", "a_uid", "7d9"}}, now, {});
  ASSERT_TRUE(safe.facts().safe_mode);
  EXPECT_EQ(safe.wake_at(now), std::nullopt);

  medic deleted({.use = driver::usual()}, now);
  deleted.step(event::place_found{own_place{"Deployment engine", "a_uid", "7d9"}}, now, {});
  deleted.step(event::stood_down{"the Pod is being deleted"}, now, {});
  EXPECT_EQ(deleted.wake_at(now), std::nullopt);
}

}  // namespace
}  // namespace podmedic::policy::test
