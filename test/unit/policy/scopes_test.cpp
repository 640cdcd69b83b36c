// One lifecycle a scope, one arbiter: what a container's restart and the Pod's have to do with each other.
#include "supervisor/policy/medic.hpp"
#include "test/unit/policy/medic_driver.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace podmedic::policy {
namespace {

using testing::Contains;
using testing::Not;

class two_scopes : public testing::Test {
 protected:
  two_scopes() {
    rules use;
    use.in_mode = mode::enforce;
    use.probes = {{.name = "engine", .container = "engine", .failure_threshold = 1},
                  {.name = "shipper",
                   .container = "shipper",
                   .failure_threshold = 1,
                   .on_failure = remedy::restart_container,
                   .while_waiting = waiting::in_service}};
    use.budget.restarts = 2;
    medic_.emplace(medic::beginning{.use = use, .book = {}}, now_);
    for (const char* probe : {"engine", "shipper"}) feed(event::check_done{probe, pass{}});
  }

  std::vector<any_action> feed(const any_event& happened) {
    now_ += milliseconds(100);
    return test::step_with_disk(*medic_, happened, now_, wall_time(now_.time_since_epoch()));
  }
  /// Fails it until that is confirmed.
  std::vector<any_action> ail(const std::string& probe) {
    feed(event::check_done{probe, fail{{"TimedOut", "no answer"}}});
    return feed(event::check_done{probe, fail{{"TimedOut", "no answer"}}});
  }
  std::vector<any_action> restart_all_the_way() {
    feed(event::drained{});
    feed(event::diagnosed{});
    feed(event::committed{});
    return feed(event::quiesced{});
  }
  phase in(std::string_view scope) const {
    const auto found = std::find_if(medic_->scopes().begin(), medic_->scopes().end(),
                                    [&](const lifecycle& s) { return s.scope() == scope; });
    return found->in();
  }
  std::vector<std::string> refusals_of(std::string_view scope) const {
    std::vector<std::string> reasons;
    for (const lifecycle& s : medic_->scopes()) {
      if (s.scope() != scope) continue;
      for (const refusal& r : s.refusals(now_, {})) reasons.push_back(r.why.reason);
    }
    return reasons;
  }
  /// The scope whose processes are to be stopped.
  static std::string ended(const std::vector<any_action>& actions) {
    for (const any_action& a : actions) {
      if (const auto* q = std::get_if<action::begin_quiesce>(&a)) return q->scope;
    }
    return "";
  }
  static std::vector<std::string> told_by(const std::vector<any_action>& actions) {
    std::vector<std::string> reasons;
    for (const any_action& a : actions) {
      if (const auto* told = std::get_if<action::notice>(&a)) reasons.push_back(told->reason);
    }
    return reasons;
  }
  static std::string restarted(const std::vector<any_action>& actions) {
    for (const any_action& a : actions) {
      if (const auto* r = std::get_if<action::restart>(&a)) return r->scope;
    }
    return "";
  }

  instant now_{std::chrono::hours(1)};
  std::optional<medic> medic_;
};

TEST_F(two_scopes, TheContainersFailureLeavesThePodsLifecycleAlone) {
  ail("shipper");
  EXPECT_EQ(in("shipper"), phase::draining);
  EXPECT_EQ(in("Pod"), phase::watching);
}

TEST_F(two_scopes, ARestartOfAContainerNamesItAndGoesOnInTheSameLife) {
  ail("shipper");
  EXPECT_EQ(restarted(restart_all_the_way()), "shipper");
  EXPECT_EQ(in("shipper"), phase::recovering);
  EXPECT_EQ(medic_->book().last()->scope, "shipper");
  EXPECT_FALSE(medic_->book().lives.back().clean);
}

TEST_F(two_scopes, TheArbiterLetsNoOtherScopeBeginWhileOneIsUnderWay) {
  ail("shipper");
  ail("engine");
  EXPECT_EQ(in("Pod"), phase::waiting);
  EXPECT_THAT(refusals_of("Pod"), Contains("AnotherRestart"));
  EXPECT_THAT(refusals_of("shipper"), Not(Contains("AnotherRestart")));
}

TEST_F(two_scopes, BudgetAndBackOffCountTheRestartsOfEveryScope) {
  ail("shipper");
  restart_all_the_way();
  ail("engine");
  EXPECT_THAT(refusals_of("Pod"), Contains("BackOff"));
  now_ += minutes(10);
  feed(event::check_done{"engine", fail{{"TimedOut", "no answer"}}});
  EXPECT_EQ(restarted(restart_all_the_way()), "Pod");
  EXPECT_THAT(refusals_of("shipper"), Contains("BudgetSpent"));
}

TEST_F(two_scopes, StandDownEndsAllOfThem) {
  ail("shipper");
  feed(event::stood_down{"test"});
  EXPECT_EQ(in("shipper"), phase::standing_down);
  EXPECT_EQ(in("Pod"), phase::standing_down);
  EXPECT_EQ(restarted(restart_all_the_way()), "");
}

TEST_F(two_scopes, harm_to_one_container_forbids_its_own_restart_and_that_of_all) {
  feed(event::check_done{"shipper", unknown{{"HalfRotated", "certificate and key do not match"}, true}});
  EXPECT_THAT(refusals_of("shipper"), testing::ElementsAre("RestartWouldHarm"));
  EXPECT_THAT(refusals_of("Pod"), testing::ElementsAre("RestartWouldHarm"));
  feed(event::check_done{"shipper", pass{}});
  feed(event::check_done{"engine", unknown{{"HalfRotated", "certificate and key do not match"}, true}});
  EXPECT_THAT(refusals_of("shipper"), testing::IsEmpty());
  EXPECT_THAT(refusals_of("Pod"), testing::ElementsAre("RestartWouldHarm"));
}

// The container ends, and the same life of podmedic sees it come back.

TEST_F(two_scopes, the_container_is_ended_only_when_the_ledger_is_on_disk) {
  ail("shipper");
  feed(event::drained{});
  EXPECT_EQ(ended(feed(event::diagnosed{})), "");
  EXPECT_EQ(ended(feed(event::committed{})), "shipper");
  EXPECT_FALSE(medic_->book().last()->exited);
  feed(event::quiesced{});
  EXPECT_TRUE(medic_->book().last()->exited);
}

TEST_F(two_scopes, a_ledger_that_cannot_be_written_ends_no_container) {
  ail("shipper");
  feed(event::drained{});
  feed(event::diagnosed{});
  EXPECT_EQ(ended(feed(event::committed{"no space left on device"})), "");
  EXPECT_EQ(in("shipper"), phase::waiting);
}

TEST_F(two_scopes, the_container_that_came_back_and_passes_is_recovered) {
  ail("shipper");
  restart_all_the_way();
  feed(event::check_done{"shipper", unknown{{"NoProcess", "nobody there"}}});
  feed(event::container_started{"shipper", now_});
  for (int s = 0; s < 70; ++s) {
    now_ += seconds(1);
    feed(event::check_done{"engine", pass{}});
    feed(event::check_done{"shipper", pass{}});
  }
  EXPECT_EQ(in("shipper"), phase::watching);
  EXPECT_EQ(medic_->book().last()->ended, outcome::recovered);
  EXPECT_TRUE(medic_->book().last()->first_pass);
}

TEST_F(two_scopes, the_last_answer_of_the_process_that_was_ended_is_no_pass_of_the_next_one) {
  ail("shipper");
  restart_all_the_way();
  feed(event::check_done{"shipper", pass{}});
  EXPECT_FALSE(medic_->standing_of("shipper")->passed_since_start());
  EXPECT_FALSE(medic_->book().last()->first_pass);
  feed(event::container_started{"shipper", now_});
  feed(event::check_done{"shipper", pass{}});
  EXPECT_TRUE(medic_->book().last()->first_pass);
}

TEST_F(two_scopes, a_container_that_the_kubelet_keeps_waiting_is_not_restarted_and_that_is_said_once) {
  ail("shipper");
  restart_all_the_way();
  int told = 0;
  for (int s = 0; s < 300; ++s) {
    now_ += seconds(1);
    for (const any_event& e : {any_event(event::check_done{"engine", pass{}}),
                               any_event(event::check_done{"shipper", unknown{{"NoProcess", "nobody there"}}})}) {
      const auto reasons = told_by(feed(e));
      told += static_cast<int>(std::count(reasons.begin(), reasons.end(), "KubeletWaits"));
    }
    ASSERT_EQ(in("shipper"), phase::recovering);
  }
  EXPECT_EQ(told, 1);
  EXPECT_EQ(medic_->book().restarts.size(), 1U);
}

TEST_F(two_scopes, a_container_that_restarts_by_itself_is_left_alone) {
  ail("shipper");
  feed(event::drained{});
  EXPECT_THAT(told_by(feed(event::container_started{"shipper", now_})), Contains("Cancelled"));
  EXPECT_EQ(in("shipper"), phase::starting);
  EXPECT_TRUE(medic_->book().restarts.empty());
}

TEST_F(two_scopes, a_start_that_was_seen_while_the_processes_were_ended_is_not_forgotten) {
  ail("shipper");
  feed(event::drained{});
  feed(event::diagnosed{});
  feed(event::committed{});
  const instant start = now_ + milliseconds(50);
  feed(event::container_started{"shipper", start});
  feed(event::quiesced{});
  EXPECT_EQ(medic_->standing_of("shipper")->started(), start);
}

TEST_F(two_scopes, processes_that_cannot_be_killed_hold_that_container_and_say_so) {
  ail("shipper");
  feed(event::drained{});
  feed(event::diagnosed{});
  feed(event::committed{});
  const auto actions = feed(event::quiesced{"pid 17 (D) of container shipper is still there"});
  EXPECT_EQ(restarted(actions), "");
  EXPECT_THAT(told_by(actions), Contains("Holding"));
  EXPECT_EQ(in("shipper"), phase::holding);
  EXPECT_EQ(in("Pod"), phase::watching);
}

TEST_F(two_scopes, what_may_have_had_its_signal_counts_as_restarted) {
  ail("shipper");
  feed(event::drained{});
  feed(event::diagnosed{});
  feed(event::committed{});
  rules paused = medic_->use();
  paused.in_mode = mode::observe;
  feed(event::rules_changed{paused});
  EXPECT_EQ(medic_->book().last()->ended, outcome::pending);
  EXPECT_EQ(unrecovered(medic_->book()), 1);
}

// What each scope needs is its own.

TEST_F(two_scopes, without_the_rule_of_the_pod_its_containers_are_still_restarted) {
  feed(event::support_found{support::missing, "no rule"});
  ail("shipper");
  EXPECT_EQ(restarted(restart_all_the_way()), "shipper");
  ail("engine");
  EXPECT_THAT(refusals_of("Pod"), Contains("RestartNotSupported"));
}

TEST_F(two_scopes, a_container_that_podmedic_may_not_signal_is_not_restarted_and_all_together_are) {
  EXPECT_THAT(told_by(feed(event::support_found{support::missing, "set runAsUser", "shipper"})),
              Contains("RestartNotSupported"));
  EXPECT_THAT(told_by(ail("shipper")), Contains("WouldRestartContainer"));
  EXPECT_TRUE(medic_->ready());
  feed(event::support_found{support::verified, "", "shipper"});
  EXPECT_EQ(in("shipper"), phase::draining);
  feed(event::support_found{support::missing, "set runAsUser", "shipper"});
  ail("engine");
  EXPECT_EQ(restarted(restart_all_the_way()), "Pod");
}

TEST_F(two_scopes, a_right_that_is_lost_on_the_way_calls_it_off) {
  ail("shipper");
  feed(event::drained{});
  EXPECT_THAT(told_by(feed(event::support_found{support::missing, "set runAsUser", "shipper"})), Contains("Cancelled"));
  EXPECT_TRUE(medic_->book().restarts.empty());
}

TEST_F(two_scopes, a_pod_whose_probes_ask_for_no_restart_of_all_is_not_told_that_it_only_observes) {
  rules use = medic_->use();
  use.probes[0].on_failure = remedy::observe;
  feed(event::rules_changed{use});
  EXPECT_THAT(told_by(feed(event::support_found{support::missing, "no rule"})), Not(Contains("RestartNotSupported")));
}

// `podmedic restart --container`.

TEST_F(two_scopes, a_person_may_ask_for_one_container_also_for_one_that_no_probe_would_restart) {
  feed(event::restart_requested{"new certificate", "kim", "engine"});
  EXPECT_EQ(in("engine"), phase::draining);
  EXPECT_EQ(restarted(restart_all_the_way()), "engine");
  EXPECT_EQ(medic_->book().last()->requested_by, "kim");
  feed(event::rules_changed{medic_->use()});
  EXPECT_EQ(in("engine"), phase::recovering);  // its outcome is still to be told
}

TEST_F(two_scopes, a_request_that_waits_outlives_an_edit) {
  ail("shipper");
  restart_all_the_way();
  feed(event::restart_requested{"new certificate", "kim", "engine"});
  EXPECT_EQ(in("engine"), phase::waiting);
  feed(event::rules_changed{medic_->use()});
  EXPECT_EQ(in("engine"), phase::waiting);
}

}  // namespace
}  // namespace podmedic::policy
