#include "supervisor/policy/turn.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <vector>

namespace podmedic::policy {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr instant start{seconds(100'000)};

/// The API server's Leases, and what it shows of the fleet.
struct server {
  std::array<lease, 2> leases;
  fleet_view view{.ready = true, .serving = true, .others_serving = {"b", "c"}, .replicas = 3};
  int writes = 0;
  bool silent = false;
  bool denies = false;
  bool forgets_lists = false;   ///< keeps the spec of what is written, and no annotation
  bool writes_unheard = false;  ///< does what it is told, and its answer is lost

  api_silence why() const { return {denies, denies ? "grant it" : "no answer in time"}; }

  any_event answer(const action::read_fleet&) const {
    if (silent || denies) return event::fleet_read{why()};
    return event::fleet_read{view};
  }
  any_event answer(const action::read_lease& a) const {
    if (silent || denies) return event::lease_read{a.slot, why()};
    return event::lease_read{a.slot, leases.at(static_cast<std::size_t>(a.slot)),
                             gone == leases[0].holder && !gone.empty()};
  }
  any_event answer(const action::write_lease& a) {
    using result = event::lease_written::result;
    if (silent || denies) return event::lease_written{a.slot, result::silence, {}, why()};
    lease& stored = leases.at(static_cast<std::size_t>(a.slot));
    if (stored.version != a.wanted.version) return event::lease_written{a.slot, result::conflict};
    stored = a.wanted;
    if (forgets_lists) stored.unrecovered.clear();
    stored.version = std::to_string(++writes);
    if (writes_unheard) return event::lease_written{a.slot, result::silence, {}, {false, "no answer in time"}};
    return event::lease_written{a.slot, result::written, stored};
  }
  template <class Other>
  any_event answer(const Other&) const {
    return event::tick{};
  }
  std::string gone;  ///< a holder whose Pod is deleted
};

/// A replica that asks for turns.
struct replica {
  server& api;
  std::string name;
  rules use;
  turn_need need;
  turn its;
  random_source random{1};
  std::vector<std::string> told;

  replica(server& of, const std::string& called, int slots = 1) : api(of), name(called), random(called.size()) {
    use.fleet.max_unavailable = slots;
    begin_life();
  }
  void begin_life() {
    its = turn();
    std::vector<any_action> out;
    its.on(event::place_found{own_place{"Deployment engine", name + "_uid-" + name, "7d9"}}, use, out);
  }
  void take_down(const any_action& a) {
    if (const auto* notice = std::get_if<action::notice>(&a)) told.push_back(notice->reason);
  }
  void hear(const any_event& e, instant now) {
    std::vector<any_action> out;
    if (const auto* read = std::get_if<event::fleet_read>(&e)) its.on(*read, out, now);
    if (const auto* read = std::get_if<event::lease_read>(&e)) its.on(*read, use, out, now);
    if (const auto* written = std::get_if<event::lease_written>(&e)) its.on(*written, use, out, now);
    for (const any_action& a : out) take_down(a);
  }
  std::optional<any_action> ask(instant now) {
    std::vector<any_action> out;
    its.advance(need, use, random, out, now);
    std::optional<any_action> asked;
    for (const any_action& a : out) {
      if (std::holds_alternative<action::notice>(a)) {
        take_down(a);
      } else {
        EXPECT_FALSE(asked) << "one request at a time";
        asked = a;
      }
    }
    return asked;
  }
  /// Until it asks nothing more at that moment; how often it asked.
  int settle(instant now) {
    int asked = 0;
    while (auto a = ask(now)) {
      EXPECT_LT(++asked, 50) << "it does not come to rest";
      if (asked >= 50) break;
      hear(std::visit([this](const auto& what) { return api.answer(what); }, *a), now);
    }
    return asked;
  }
  bool out_at(instant now) const { return its.may_be_out(use, now); }
  std::string refused(instant now, const std::string& probe = "engine") const {
    const std::vector<refusal> all = its.refusals(probe, use, now);
    return all.empty() ? "" : all.front().why.reason;
  }
};

const turn_need to_restart{.leave = true, .restart = true, .probe = "engine"};

struct a_turn : testing::Test {
  server api;
  replica a{api, "a"};
  replica b{api, "bb"};
};

TEST_F(a_turn, is_nobodys_concern_where_the_pod_has_no_place_in_a_fleet) {
  turn none;
  EXPECT_TRUE(none.may_be_out({}, start));
  EXPECT_THAT(none.refusals("engine", {}, start), IsEmpty());
  std::vector<any_action> out;
  none.on(event::place_found{{}, "no Kubernetes API"}, {}, out);
  EXPECT_TRUE(none.may_be_out({}, start));
  EXPECT_THAT(out, IsEmpty());
  EXPECT_EQ(none.state({}, start), "off: no Kubernetes API");
}

TEST_F(a_turn, is_waited_for_until_the_api_has_told_whether_there_is_a_fleet) {
  turn waits;
  std::vector<any_action> out;
  waits.on(event::place_asked{});
  EXPECT_FALSE(waits.may_be_out({}, start));
  EXPECT_EQ(waits.refusals("engine", {}, start).front().why.reason, asking_for_turn);
  waits.on(event::place_found{{}, "the Pod has no controller"}, {}, out);
  EXPECT_TRUE(waits.may_be_out({}, start));
  EXPECT_THAT(waits.refusals("engine", {}, start), IsEmpty());
}

TEST_F(a_turn, is_waited_for_where_the_user_asked_for_a_fleet_that_is_not_seen_yet) {
  rules use;
  use.fleet.asked_for = true;
  turn waits;
  std::vector<any_action> out;
  waits.on(event::place_found{{}, "no answer", true}, use, out);
  EXPECT_FALSE(waits.may_be_out(use, start));
  EXPECT_EQ(waits.refusals("engine", use, start).front().why.reason, "ApiUnavailable");
  EXPECT_EQ(std::get<action::notice>(out.front()).reason, "FleetNotVisible");
  waits.on(event::place_found{{}, "no right", false}, use, out);
  EXPECT_TRUE(waits.may_be_out(use, start)) << "no floor is promised, and that is said";
  EXPECT_EQ(out.size(), 2U);
}

TEST_F(a_turn, is_taken_by_the_first_and_kept_from_the_second_until_it_is_returned) {
  a.need = b.need = to_restart;
  EXPECT_EQ(a.refused(start), "AskingForTurn");
  a.settle(start);
  EXPECT_TRUE(a.out_at(start));
  EXPECT_EQ(a.refused(start), "");
  EXPECT_EQ(api.leases[0].holder, "a_uid-a");
  EXPECT_EQ(api.leases[0].duration, lease_duration(a.use));
  b.settle(start);
  EXPECT_FALSE(b.out_at(start));
  EXPECT_EQ(b.refused(start), "AwaitingTurn");
  a.need = {};
  a.settle(start + seconds(1));
  EXPECT_FALSE(a.out_at(start + seconds(1)));
  EXPECT_EQ(api.leases[0].holder, "");
  b.settle(start + seconds(4));
  EXPECT_TRUE(b.out_at(start + seconds(4)));
  EXPECT_EQ(api.leases[0].transitions, 2);
  EXPECT_THAT(a.told, ElementsAre("TurnTaken", "TurnReturned"));
}

TEST_F(a_turn, costs_nothing_while_none_is_needed) {
  EXPECT_EQ(a.settle(start), 1) << "one look at the start of a life";
  EXPECT_EQ(a.settle(start + seconds(100)), 0);
  EXPECT_FALSE(a.its.wake_at(a.need, a.use, start));
}

TEST_F(a_turn, passes_on_when_its_lease_has_not_changed_for_its_duration_on_the_own_clock) {
  api.leases[0] = {.holder = "gone_uid", .duration = minutes(10), .version = "7"};
  b.need = to_restart;
  b.settle(start);
  b.settle(start + minutes(10) - seconds(1));
  EXPECT_FALSE(b.out_at(start + minutes(10) - seconds(1)));
  b.settle(start + minutes(10) + seconds(2));
  EXPECT_TRUE(b.out_at(start + minutes(10) + seconds(2)));
}

TEST_F(a_turn, is_not_expired_while_its_lease_is_renewed) {
  api.leases[0] = {.holder = "slow_uid", .duration = seconds(60), .version = "7"};
  b.need = to_restart;
  for (int i = 0; i < 20; ++i) {
    api.leases[0].version = "renewed " + std::to_string(i);
    b.settle(start + seconds(50) * i);
    EXPECT_FALSE(b.out_at(start + seconds(50) * i)) << i;
  }
}

TEST_F(a_turn, passes_on_at_once_when_the_holders_pod_is_gone) {
  api.leases[0] = {.holder = "x_uid", .duration = minutes(10), .version = "7"};
  b.need = to_restart;
  b.settle(start);
  api.gone = "x_uid";
  b.settle(start + seconds(31));
  EXPECT_TRUE(b.out_at(start + seconds(31)));
}

TEST_F(a_turn, outlives_the_own_restart_by_the_pods_uid) {
  a.need = to_restart;
  a.settle(start);
  a.begin_life();
  a.need = {.keep = true};
  a.settle(start + seconds(5));
  EXPECT_TRUE(a.its.held(a.use, start + seconds(5)));
  EXPECT_EQ(api.leases[0].transitions, 1);
  EXPECT_FALSE(a.out_at(start + seconds(5))) << "to leave again, the fleet is looked at again";
  a.need = {.leave = true, .restart = true, .keep = true, .probe = "engine"};
  a.settle(start + seconds(6));
  EXPECT_TRUE(a.out_at(start + seconds(6)));
}

TEST_F(a_turn, that_an_earlier_life_left_counts_once_it_is_renewed) {
  a.need = b.need = to_restart;
  a.settle(start);
  b.settle(start + seconds(1));
  // Its next life finds the Lease just before b takes it for gone.
  const instant late = start + lease_duration(a.use);
  a.begin_life();
  a.need = {.leave = true, .keep = true, .probe = "engine"};
  const std::optional<any_action> read = a.ask(late);
  ASSERT_TRUE(read && std::holds_alternative<action::read_lease>(*read));
  a.hear(std::visit([this](const auto& what) { return api.answer(what); }, *read), late);
  b.settle(late + seconds(2));
  ASSERT_TRUE(b.out_at(late + seconds(2)));
  EXPECT_FALSE(a.its.held(a.use, late + seconds(2)));
  EXPECT_FALSE(a.out_at(late + seconds(2)));
}

TEST_F(a_turn, that_was_returned_by_a_write_whose_answer_was_lost_is_no_right_to_leave) {
  a.need = b.need = {.leave = true, .probe = "engine"};
  a.settle(start);
  ASSERT_TRUE(a.out_at(start));
  a.need = {};
  api.writes_unheard = true;
  a.settle(start + seconds(1));
  api.writes_unheard = false;
  b.settle(start + seconds(2));
  ASSERT_TRUE(b.out_at(start + seconds(2)));
  EXPECT_FALSE(a.out_at(start + seconds(2)));
}

TEST_F(a_turn, is_renewed_while_it_is_needed_and_through_the_cool_down) {
  a.need = to_restart;
  a.settle(start);
  a.need = {.keep = true};
  EXPECT_EQ(a.settle(start + seconds(29)), 0);
  EXPECT_EQ(a.its.wake_at(a.need, a.use, start + seconds(29)), start + seconds(30));
  EXPECT_EQ(a.settle(start + seconds(30)), 1);
  a.need = {.cool_until = start + seconds(90)};
  a.settle(start + seconds(59));
  EXPECT_EQ(api.leases[0].holder, "a_uid-a");
  EXPECT_EQ(a.its.wake_at(a.need, a.use, start + seconds(59)), start + seconds(60));
  a.settle(start + seconds(60));
  EXPECT_EQ(api.leases[0].holder, "a_uid-a");
  a.settle(start + seconds(90));
  EXPECT_EQ(api.leases[0].holder, "");
}

TEST_F(a_turn, goes_to_the_faster_of_two) {
  a.need = b.need = to_restart;
  // Both have seen it free when a writes.
  std::optional<any_action> of_b = b.ask(start);
  while (of_b && !std::holds_alternative<action::write_lease>(*of_b)) {
    b.hear(std::visit([this](const auto& what) { return api.answer(what); }, *of_b), start);
    of_b = b.ask(start);
  }
  a.settle(start);
  b.hear(std::visit([this](const auto& what) { return api.answer(what); }, *of_b), start);
  EXPECT_FALSE(b.out_at(start));
  b.settle(start);
  EXPECT_TRUE(a.out_at(start));
  EXPECT_FALSE(b.out_at(start));
}

TEST_F(a_turn, that_was_taken_by_a_write_whose_answer_was_lost_is_found_by_reading) {
  a.need = to_restart;
  api.writes_unheard = true;
  a.settle(start);
  EXPECT_FALSE(a.out_at(start));
  api.writes_unheard = false;
  a.settle(start + seconds(2));
  EXPECT_TRUE(a.out_at(start + seconds(2)));
  EXPECT_EQ(api.leases[0].transitions, 1);
}

TEST_F(a_turn, that_is_found_so_is_judged_by_what_the_fleet_is_like_then) {
  a.need = {.leave = true, .probe = "engine"};
  api.writes_unheard = true;
  a.settle(start);
  api.writes_unheard = false;
  api.view.others_serving.clear();
  a.settle(start + seconds(2));
  EXPECT_FALSE(a.out_at(start + seconds(2)));
  EXPECT_EQ(api.leases[0].holder, "");
}

TEST_F(a_turn, is_lost_when_another_holds_the_lease) {
  a.need = to_restart;
  a.settle(start);
  api.leases[0] = {.holder = "thief_uid", .duration = minutes(10), .version = "stolen"};
  a.need = {.keep = true};
  a.settle(start + seconds(31));  // the renewal meets a conflict
  EXPECT_FALSE(a.out_at(start + seconds(31)));
  EXPECT_THAT(a.told, ElementsAre("TurnTaken", "TurnLost"));
}

TEST_F(a_turn, is_given_up_before_others_may_take_it_for_gone) {
  a.need = to_restart;
  a.settle(start);
  a.need = {.keep = true};
  api.silent = true;
  a.settle(start + lease_duration(a.use) / 2);
  EXPECT_TRUE(a.out_at(start + lease_duration(a.use) / 2)) << "a silent API takes nothing away";
  EXPECT_FALSE(a.out_at(start + lease_duration(a.use) - seconds(30)));
}

TEST_F(a_turn, without_an_answer_of_the_api_waits_or_proceeds_as_the_user_says) {
  for (const on_api_unavailable then : {on_api_unavailable::wait, on_api_unavailable::proceed}) {
    server silent;
    silent.silent = true;
    replica one(silent, "a");
    one.use.api_unavailable = then;
    one.need = to_restart;
    for (int i = 0; i <= 29; ++i) {
      one.settle(start + seconds(i));
      EXPECT_EQ(one.refused(start + seconds(i)), "ApiUnavailable") << i;
    }
    one.settle(start + seconds(31));
    EXPECT_EQ(one.out_at(start + seconds(31)), then == on_api_unavailable::proceed);
    EXPECT_EQ(one.refused(start + seconds(31)), then == on_api_unavailable::proceed ? "" : "ApiUnavailable");
  }
}

TEST_F(a_turn, without_the_right_to_leases_is_off_after_a_minute_and_says_so_where_it_was_asked_for) {
  api.denies = true;
  a.use.fleet.asked_for = true;
  a.need = to_restart;
  for (int i = 0; i < 60; i += 2) {
    a.settle(start + seconds(i));
    ASSERT_EQ(a.refused(start + seconds(i)), "ApiUnavailable") << i;
  }
  a.settle(start + seconds(100));
  EXPECT_TRUE(a.out_at(start + seconds(100)));
  EXPECT_THAT(a.told, ElementsAre("FleetNotVisible"));
  EXPECT_EQ(a.its.state(a.use, start + seconds(100)), "off: grant it");
}

/// As an API server does for some seconds after its start, which does not know the Roles yet.
TEST_F(a_turn, is_not_off_because_an_api_server_that_starts_denies_everything) {
  a.settle(start);  // the right is there
  a.need = to_restart;
  api.denies = true;
  for (int i = 1; i < 300; i += 2) {
    a.settle(start + seconds(i));
    ASSERT_FALSE(a.out_at(start + seconds(i))) << i;
  }
  api.denies = false;
  a.settle(start + seconds(330));
  EXPECT_TRUE(a.out_at(start + seconds(330)));
  EXPECT_EQ(api.leases[0].holder, "a_uid-a");
}

TEST_F(a_turn, that_cannot_be_used_is_left_to_others) {
  api.view.others_serving.clear();
  a.need = to_restart;
  a.settle(start);
  EXPECT_EQ(a.refused(start), "TooFewServing");
  EXPECT_EQ(api.leases[0].holder, "");
  api.view.serving = false;  // it no longer serves by itself
  a.settle(start + seconds(3));
  EXPECT_TRUE(a.out_at(start + seconds(3)));
}

TEST_F(a_turn, is_looked_at_again_where_the_restart_comes_later_than_it) {
  a.need = {.leave = true, .probe = "engine"};  // back-off
  a.settle(start);
  EXPECT_TRUE(a.out_at(start));
  api.view.budgets = {{"engine", 2, 2}};
  a.need = {.leave = true, .restart = true, .keep = false, .probe = "engine"};
  a.settle(start + seconds(25));
  EXPECT_EQ(a.refused(start + seconds(25)), "DisruptionBudget");
  EXPECT_EQ(api.leases[0].holder, "");
}

/// Two replicas and two slots, three endpoints, two of them must serve: only one of the two may leave, in whatever
/// order what they ask is carried out. One has seen the first slot taken, by a third that returns it then, so that each
/// takes another slot.
TEST(two_turns, at_the_same_time_do_not_take_more_endpoints_away_than_may_be) {
  int both_tried = 0;
  constexpr unsigned steps = 13;
  for (unsigned order = 0; order < 1U << steps; ++order) {
    server api;
    replica one(api, "a", 2);
    replica two(api, "bb", 2);
    for (replica* each : {&one, &two}) {
      each->use.fleet.min_available = 2;
      each->need = to_restart;
    }
    api.leases[0] = {.holder = "z_uid", .duration = minutes(10), .version = "held"};
    one.need = {};
    one.settle(start);
    one.need = to_restart;
    for (int i = 0; i < 3; ++i) {  // the look at the start of its life, and the first slot again
      two.hear(std::visit([&](const auto& what) { return api.answer(what); }, *two.ask(start)), start);
    }
    api.leases[0] = {.version = "returned"};
    bool one_out = false;
    bool two_out = false;
    for (unsigned step = 0; step < steps; ++step) {
      const bool first = (order >> step & 1U) == 0;
      replica& moves = first ? one : two;
      const bool other_out = first ? two_out : one_out;
      api.view.others_serving = {"x"};
      if (!other_out) api.view.others_serving.push_back(first ? "bb" : "a");
      if (const auto asked = moves.ask(start)) {
        moves.hear(std::visit([&](const auto& what) { return api.answer(what); }, *asked), start);
      }
      if (moves.out_at(start)) (first ? one_out : two_out) = true;
      ASSERT_FALSE(one_out && two_out) << "order " << order << ", step " << step;
    }
    both_tried += api.writes > 1 ? 1 : 0;
  }
  EXPECT_GT(both_tried, 100);
}

TEST_F(a_turn, for_a_probe_that_a_restart_elsewhere_did_not_mend_comes_a_cap_later) {
  a.need = to_restart;
  a.settle(start);
  a.need = {.keep = true, .unrecovered = {"engine"}};
  a.settle(start + seconds(60));
  a.need = {.unrecovered = {"engine"}};
  a.settle(start + seconds(61));
  EXPECT_EQ(api.leases[0].holder, "");
  EXPECT_THAT(api.leases[0].unrecovered.at("engine").pods, ElementsAre("a_uid-a"));
  b.need = to_restart;
  b.settle(start + seconds(70));
  EXPECT_EQ(b.refused(start + seconds(70)), "UnrecoveredElsewhere");
  EXPECT_EQ(b.refused(start + seconds(70), ""), "AwaitingTurn") << "a person's wish is not held back";
  b.settle(start + seconds(669));
  EXPECT_FALSE(b.out_at(start + seconds(669)));
  b.settle(start + seconds(673));
  EXPECT_TRUE(b.out_at(start + seconds(673)));
}

TEST_F(a_turn, for_a_probe_that_two_restarts_did_not_mend_does_not_come_until_another_revision) {
  api.leases[0].unrecovered["engine"] = {"7d9", {"x_uid", "y_uid"}};
  api.leases[0].version = "7";
  b.need = to_restart;
  b.settle(start);
  const std::vector<refusal> all = b.its.refusals("engine", b.use, start);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].why.reason, "FleetStopped");
  EXPECT_EQ(all[0].why.message, "restarts for probe engine did not help replicas x, y");
  EXPECT_TRUE(all[0].hold);
  EXPECT_EQ(b.refused(start, "other"), "AwaitingTurn") << "another probe is another matter";
  api.leases[0].unrecovered["engine"].revision = "older";
  api.leases[0].version = "8";
  b.settle(start + seconds(5));
  EXPECT_TRUE(b.out_at(start + seconds(5)));
}

TEST_F(a_turn, counts_the_own_restart_that_did_not_help_though_no_slot_lists_it) {
  api.leases[0].unrecovered["engine"] = {"7d9", {"x_uid"}};
  api.leases[0].version = "7";
  b.need = to_restart;
  b.need.unrecovered = {"engine"};
  b.settle(start);
  EXPECT_EQ(b.refused(start), "FleetStopped");
}

TEST_F(a_turn, comes_though_the_api_does_not_keep_which_restarts_did_not_help) {
  api.forgets_lists = true;
  a.need = to_restart;
  a.need.unrecovered = {"engine"};
  a.settle(start);
  EXPECT_EQ(a.refused(start), "");
  EXPECT_LE(api.writes, 2) << "it is not written again and again";
}

TEST_F(a_turn, removes_its_own_mark_when_its_pod_has_recovered_after_all) {
  api.leases[0].unrecovered["engine"] = {"7d9", {"a_uid-a", "y_uid"}};
  api.leases[0].version = "7";
  a.need.unrecovered = {"engine"};
  a.settle(start);
  EXPECT_EQ(api.leases[0].unrecovered["engine"].pods.size(), 2U);
  a.need.unrecovered.clear();
  a.settle(start + seconds(1));
  EXPECT_THAT(api.leases[0].unrecovered.at("engine").pods, ElementsAre("y_uid"));
}

}  // namespace
}  // namespace podmedic::policy
