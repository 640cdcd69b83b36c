// The lifecycle of design.md, section 3: each transition, and what a person reads at it.
#include "test/unit/policy/medic_driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace podmedic::policy {
namespace {

using std::chrono::hours;
using test::driver;
using test::words;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// From health to a restart.

TEST(Medic, BeginsReadyAndWatchesOnceAllHavePassed) {
  driver d;
  EXPECT_EQ(d.in().in(), phase::starting);
  EXPECT_TRUE(d.in().ready());
  d.passes();
  EXPECT_EQ(d.in().in(), phase::watching);
}

TEST(Medic, SuspectsAtTheThresholdAndAsksForOneMoreCheck) {
  driver d;
  d.to_watching();
  EXPECT_EQ(d.hangs(), words{});
  EXPECT_EQ(d.hangs(), words{});
  EXPECT_EQ(d.hangs(), (words{"ProbeFailing", "Suspected", "[check engine]"}));
  EXPECT_EQ(d.message_of("ProbeFailing"), "probe engine: no answer within 1 s");
  EXPECT_EQ(d.message_of("Suspected"), "probe engine failed 3 times in a row; one more check decides");
  EXPECT_EQ(d.in().in(), phase::suspect);
  EXPECT_TRUE(d.in().ready()) << "a suspicion takes no traffic";
}

TEST(Medic, DropsASuspicionSilentlyWhenTheNextCheckPasses) {
  driver d;
  d.to_watching();
  for (int i = 0; i < 3; ++i) d.hangs();
  EXPECT_EQ(d.passes(), (words{"ProbePassing"}));
  EXPECT_EQ(d.in().in(), phase::watching);
}

TEST(Medic, WaitsOutUnknownWhileItSuspects) {
  driver d;
  d.to_watching();
  for (int i = 0; i < 3; ++i) d.hangs();
  EXPECT_EQ(d.cannot_be_asked(), words{});
  EXPECT_EQ(d.in().in(), phase::suspect);
  EXPECT_THAT(d.hangs(), testing::Contains("FailureConfirmed"));
}

TEST(Medic, DrainsAtOnceWhenAConfirmedFailureMayRestart) {
  driver d;
  d.to_watching();
  for (int i = 0; i < 3; ++i) d.hangs();
  EXPECT_EQ(d.hangs(), (words{"[unready]", "FailureConfirmed", "Draining", "[save]", "[drain]"}));
  EXPECT_EQ(d.message_of("FailureConfirmed"), "probe engine: no answer within 1 s");
  EXPECT_EQ(d.message_of("Draining"), "leaving traffic before all containers are restarted: no answer within 1 s");
  EXPECT_FALSE(d.in().ready());
}

TEST(Medic, DiagnosesCommitsQuiescesAndExitsOneAfterTheOther) {
  driver d;
  d.to_waiting_or_drain();
  d.later(milliseconds(1500));
  EXPECT_EQ(d.feed(event::drained{}), (words{"Drained", "[diagnose]"}));
  EXPECT_EQ(d.message_of("Drained"), "in 1500 ms");
  EXPECT_EQ(d.feed(event::diagnosed{}), (words{"[commit]"}));
  EXPECT_EQ(d.in().in(), phase::restarting);
  EXPECT_EQ(d.in().book().restarts.size(), 1U) << "what is committed tells of the restart";
  EXPECT_EQ(d.feed(event::committed{}), (words{"RestartingAllContainers", "[quiesce]"}));
  EXPECT_EQ(d.message_of("RestartingAllContainers"), "probe engine: no answer within 1 s");
  EXPECT_EQ(d.feed(event::quiesced{}), (words{"[restart]"}));
  EXPECT_TRUE(d.in().book().lives.back().clean);
}

TEST(Medic, RecordsWhatARestartCostAndWhenItHappened) {
  driver d;
  d.to_exit();
  const restart_record& r = *d.in().book().last();
  EXPECT_EQ(r.at, d.now()) << "the exit, not the moment when it was written down";
  EXPECT_EQ(r.wall, d.wall());
  EXPECT_EQ(r.scope, "Pod");
  EXPECT_EQ(r.probe, "engine");
  EXPECT_EQ(r.why, (diagnosis{"DeadlineExceeded", "no answer within 1 s"}));
  EXPECT_EQ(r.detection, milliseconds(2100)) << "from the first failure to its confirmation";
  EXPECT_EQ(r.waited, milliseconds(0));
  EXPECT_EQ(r.drained, milliseconds(2100));
  EXPECT_GE(r.wait_after, seconds(10));
  EXPECT_LE(r.wait_after, seconds(30));
  EXPECT_TRUE(r.exited);
  EXPECT_EQ(r.ended, outcome::pending);
}

TEST(Medic, IgnoresAnswersThatBelongToNoStepUnderWay) {
  driver d;
  d.to_watching();
  for (const any_event& stale :
       {any_event{event::drained{}}, any_event{event::drain_aborted{"x"}}, any_event{event::drain_undone{true}},
        any_event{event::diagnosed{}}, any_event{event::committed{}}, any_event{event::quiesced{}}}) {
    EXPECT_EQ(d.feed(stale), words{});
    EXPECT_EQ(d.in().in(), phase::watching);
  }
}

// A target that answers "no" may be closing.

TEST(Medic, GivesATargetThatAnswersNoTheGracePeriod) {
  driver d;
  d.to_watching();
  for (int i = 0; i < 3; ++i) d.says_no();
  EXPECT_EQ(d.says_no(), (words{"MayBeClosing"}));
  EXPECT_EQ(d.message_of("MayBeClosing"),
            "the target of probe engine answers no (connection refused), as one does that was asked to stop; it gets "
            "30 s to end");
  EXPECT_TRUE(d.in().ready());
  d.later(seconds(30) - milliseconds(1));
  EXPECT_EQ(d.says_no(), words{}) << "told once";
  d.later(milliseconds(1));
  EXPECT_EQ(d.says_no(), (words{"[unready]", "FailureConfirmed", "Draining", "[save]", "[drain]"}));
}

TEST(Medic, GivesATargetThatHangsNoGrace) {
  driver d;
  d.to_watching();
  for (int i = 0; i < 4; ++i) d.says_no();
  EXPECT_EQ(d.hangs(), (words{"[unready]", "FailureConfirmed", "Draining", "[save]", "[drain]"}));
}

// Reversible until the point of no return.

TEST(Medic, CallsADrainOffWhenItsCauseHeals) {
  driver d;
  d.to_waiting_or_drain();
  EXPECT_EQ(d.passes(), (words{"[ready]", "ProbePassing", "[stop, with hooks]", "Cancelled"}));
  EXPECT_EQ(d.message_of("Cancelled"), "no restart: the probe passes again");
  EXPECT_EQ(d.in().in(), phase::watching);
}

TEST(Medic, CallsARestartOffAtEachStepBeforeProcessesAreStopped) {
  struct row {
    const char* when;
    void (driver::*reach)();
    any_event next;
  };
  const std::vector<row> rows{
      {"draining", &driver::to_waiting_or_drain, event::drained{}},
      {"diagnosing", &driver::to_quiescing, event::diagnosed{}},
      {"diagnosing, with an obstacle that does not matter any more", &driver::to_quiescing,
       event::diagnosed{"a process in D state"}},
      {"committing", &driver::to_commit, event::committed{}},
  };
  struct change {
    const char* what;
    std::function<void(driver&)> make;
  };
  const std::vector<change> changes{
      {"the kubelet restarts the container by itself",
       [](driver& d) { d.feed(event::container_started{"engine", d.now()}); }},
      {"the probe passes", [](driver& d) { d.passes(); }},
      {"Observe",
       [](driver& d) {
         rules r = driver::usual();
         r.in_mode = mode::observe;
         d.edit(r);
       }},
      {"a pause",
       [](driver& d) {
         rules r = driver::usual();
         r.paused_until = d.wall() + hours(1);
         d.edit(r);
       }},
      {"a kubelet without the feature", [](driver& d) { d.feed(event::support_found{support::missing, "no rule"}); }},
      {"stand-down", [](driver& d) { d.feed(event::stood_down{"the Pod is being deleted"}); }},
      {"Unknown", [](driver& d) { d.cannot_be_asked(); }},
  };
  for (const row& r : rows) {
    for (const change& c : changes) {
      driver d;
      (d.*r.reach)();
      c.make(d);
      const words then = d.feed(r.next);
      for (const char* never : {"[diagnose]", "[commit]", "[quiesce]", "[restart]"}) {
        EXPECT_THAT(then, testing::Not(testing::Contains(never))) << c.what << " while " << r.when;
      }
      EXPECT_FALSE(in_restart(d.in().in())) << c.what << " while " << r.when;
      EXPECT_EQ(unrecovered(d.in().book()), 0) << "what never happened is no restart without recovery";
    }
  }
}

TEST(Medic, HeedsAPauseAfterThePointOfNoReturnToo) {
  driver d;
  d.to_commit();
  d.feed(event::committed{});
  rules paused = driver::usual();
  paused.paused_until = d.wall() + hours(1);
  EXPECT_EQ(d.edit(paused), (words{"[ready]", "[stop, with hooks]", "[save]", "Cancelled"}));
  EXPECT_EQ(d.message_of("Cancelled"), "no restart: podmedic may no longer act");
  EXPECT_THAT(d.feed(event::quiesced{}), testing::Not(testing::Contains("[restart]")));
  EXPECT_EQ(d.in().book().last()->ended, outcome::not_executed);
}

TEST(Medic, CountsARestartFromWhenItWasCalledOffWhereSomeContainersMayHaveBeenEndedForIt) {
  for (const milliseconds stop : {milliseconds(0), milliseconds(5000)}) {
    rules r = driver::usual();
    r.graceful_stop.timeout = stop;
    driver d(r);
    d.to_commit();
    const instant written = d.now();
    d.feed(event::committed{});
    d.later(seconds(3));
    r.paused_until = d.wall() + hours(1);
    d.edit(r);
    EXPECT_EQ(d.in().book().last()->ended, outcome::not_executed);
    EXPECT_EQ(d.in().book().last()->at, stop.count() > 0 ? d.now() : written);
  }
}

TEST(Medic, NamesTheContainerThatMostLikelyDoesNotHeedSigterm) {
  for (const waiting where : {waiting::unready, waiting::in_service}) {
    rules r = driver::usual();
    r.probes[0].while_waiting = where;
    driver d(r);
    d.to_commit();
    const std::vector<any_action> next = d.of().step(event::committed{}, d.now(), d.wall());
    const auto stops = std::find_if(
        next.begin(), next.end(), [](const any_action& a) { return std::holds_alternative<action::begin_quiesce>(a); });
    ASSERT_NE(stops, next.end());
    const auto wedged = std::get<action::begin_quiesce>(*stops).wedged;
    EXPECT_EQ(wedged, where == waiting::unready ? std::optional<std::string>("engine") : std::nullopt);
  }
}

TEST(Medic, HeedsAPauseThatComesWithTheLastAnswer) {
  // The wall clock was set back meanwhile, so that a pause which was over is not.
  rules r = driver::usual();
  driver d(r);
  r.paused_until = d.wall();
  d.edit(r);
  d.to_commit();
  d.feed(event::committed{});
  const auto said = d.of().step(event::quiesced{}, d.now(), *r.paused_until - seconds(1));
  for (const any_action& a : said) EXPECT_FALSE(std::holds_alternative<action::restart>(a));
  EXPECT_FALSE(d.in().book().lives.back().clean) << "this life goes on";
}

TEST(Medic, IsNotMeantToEndAnyMoreOnceAnExitIsCalledOff) {
  driver d;
  d.to_exit();
  ASSERT_TRUE(d.in().book().lives.back().clean);
  rules paused = driver::usual();
  paused.paused_until = d.wall() + hours(1);
  EXPECT_THAT(d.edit(paused), testing::IsSupersetOf({"[stop, with hooks]", "[save]", "Cancelled"}));
  EXPECT_FALSE(d.in().book().lives.back().clean) << "an abnormal end from here on counts as one";
  EXPECT_EQ(d.in().book().last()->ended, outcome::not_executed);
}

TEST(Medic, SaysWhyItCallsOffARestartThatIsOnDisk) {
  driver d;
  d.to_commit();
  d.feed(event::container_started{"engine", d.now()});
  EXPECT_THAT(d.feed(event::committed{}), testing::IsSupersetOf({"[stop, with hooks]", "[save]", "Cancelled"}));
  EXPECT_EQ(d.message_of("Cancelled"), "no restart: the container has started anew");
}

TEST(Medic, DoesNotMindItsOwnStopOfAContainer) {
  driver d;
  d.to_commit();
  d.feed(event::committed{});
  d.feed(event::container_started{"engine", d.now()});  // SIGTERM ended it, and the kubelet was quick
  EXPECT_EQ(d.feed(event::quiesced{}), (words{"[restart]"}));
}

TEST(Medic, GoesBackToWaitingWhileItsCauseCannotBeAsked) {
  driver d;
  d.to_waiting_or_drain();
  d.cannot_be_asked();
  EXPECT_EQ(d.feed(event::drained{}), (words{"[stop, with hooks]"}));
  EXPECT_EQ(d.in().in(), phase::waiting);
  EXPECT_FALSE(d.in().ready()) << "it is ill as far as anybody knows";
  EXPECT_THAT(d.hangs(), testing::Contains("[drain]"));
}

/// As usual, with a second probe that only looks at the certificate.
rules with_certificate() {
  rules use = driver::usual();
  use.probes.push_back({.name = "cert", .container = "engine", .on_failure = remedy::observe});
  return use;
}

TEST(Medic, RestartsNothingIntoACredentialThatWouldHarm) {
  driver d(with_certificate());
  EXPECT_EQ(d.would_harm("cert"), words{"RestartWouldHarm"});
  EXPECT_EQ(d.message_of("RestartWouldHarm"),
            "no restart until this is mended: probe cert: certificate and key do not match");
  d.to_waiting_or_drain();
  EXPECT_EQ(d.in().in(), phase::waiting);
  EXPECT_EQ(d.message_of("WaitingToRestart"),
            "for probe engine: a restart would make it worse: probe cert: certificate and key do not match");
  EXPECT_EQ(d.cannot_be_asked("cert"), words{}) << "nothing was learned that speaks for a restart";
  EXPECT_EQ(d.feed(event::container_started{"engine", d.now()}).back(), "Cancelled");
  d.passes();
  d.fail_until_confirmed();
  EXPECT_EQ(d.in().in(), phase::waiting) << "a new process does not mend the credential";
  EXPECT_EQ(d.request(), words{"[no]"}) << "and a person's word does not either";
  EXPECT_EQ(d.passes("cert"), (words{"[save]", "RestartWouldNotHarm", "Draining", "[save]", "[drain]"}));
}

TEST(Medic, CallsADrainOffWhenARestartBeginsToHarm) {
  driver d(with_certificate());
  d.to_quiescing();
  EXPECT_EQ(d.would_harm("cert"), (words{"RestartWouldHarm", "[stop, with hooks]", "WaitingToRestart"}));
  EXPECT_EQ(d.feed(event::diagnosed{}), words{});
}

TEST(Medic, LooksForHarmOnceMoreAfterTheLedgerIsWritten) {
  driver d(with_certificate());
  d.to_commit();
  d.would_harm("cert");
  EXPECT_THAT(d.feed(event::committed{}), testing::Contains("Cancelled"));
  EXPECT_EQ(d.message_of("Cancelled"), "no restart: probe cert: certificate and key do not match");
  EXPECT_EQ(d.in().book().last()->ended, outcome::not_executed);
}

TEST(Medic, SaysThatTheContainerWasRestartedByItself) {
  driver d;
  d.to_waiting_or_drain();
  EXPECT_EQ(d.feed(event::container_started{"engine", d.now()}), (words{"[ready]", "[stop, with hooks]", "Cancelled"}));
  EXPECT_EQ(d.message_of("Cancelled"), "no restart: the container has started anew");
  EXPECT_EQ(d.in().in(), phase::starting);
}

TEST(Medic, DrainsAgainSomeTimeAfterAHookAbortedTheDrain) {
  driver d;
  d.to_waiting_or_drain();
  EXPECT_EQ(d.feed(event::drain_aborted{"hook 10-envoy: status 500"}),
            (words{"[stop, with hooks]", "WaitingToRestart"}));
  EXPECT_EQ(d.message_of("WaitingToRestart"), "for probe engine: hook 10-envoy: status 500");
  d.later(seconds(10) - milliseconds(1));
  EXPECT_EQ(d.hangs(), words{});
  d.later(seconds(20));
  EXPECT_EQ(d.hangs(), (words{"Draining", "[save]", "[drain]"}));
}

// Holding.

TEST(Medic, HoldsWhereAProcessCannotBeKilled) {
  driver d;
  d.to_quiescing();
  EXPECT_EQ(d.feed(event::diagnosed{"pid 17 (python) of container engine is in state D"}),
            (words{"[ready]", "[stop, with hooks]", "Holding", "[save]"}));
  EXPECT_EQ(d.message_of("Holding"),
            "pid 17 (python) of container engine is in state D: no further restart until all probes "
            "pass, or until one is requested by `podmedic restart`");
  EXPECT_TRUE(d.in().book().restarts.empty());
}

TEST(Medic, HoldsWhenTheBudgetIsSpent) {
  rules r = driver::usual();
  r.budget.restarts = 0;
  driver d(r);
  d.to_waiting_or_drain();
  EXPECT_EQ(d.in().in(), phase::holding);
  EXPECT_THAT(d.message_of("Holding"), HasSubstr("0 restarts within 3600 s, of 0 allowed"));
  EXPECT_TRUE(d.in().ready()) << "back in traffic: nobody knows whether others serve";
}

TEST(Medic, StaysOutOfTrafficWhileItHoldsIfAsked) {
  rules r = driver::usual();
  r.budget.restarts = 0;
  r.hold = holding::unready;
  driver d(r);
  d.to_waiting_or_drain();
  EXPECT_FALSE(d.in().ready());
}

TEST(Medic, EndsAHoldOnceAllIsWell) {
  rules r = driver::usual();
  r.budget.restarts = 0;
  driver d(r);
  d.to_waiting_or_drain();
  d.passes();
  EXPECT_EQ(d.passes_for(seconds(19)), words{});
  EXPECT_EQ(d.in().in(), phase::holding);
  EXPECT_EQ(d.passes_for(seconds(1)), (words{"[save]", "HoldEnded"}));
  EXPECT_EQ(d.message_of("HoldEnded"), "all probes have passed for 20 s");
  EXPECT_EQ(d.in().in(), phase::watching);
}

// After a restart.

TEST(Medic, TellsOfTheRestartAndWatchesWhetherItHelped) {
  driver before;
  before.to_exit();
  driver d = before.next_life();
  EXPECT_EQ(d.first_message_of("Restarted"),
            "all containers were restarted for probe engine: no answer within 1 s; now watching whether it helped");
  EXPECT_EQ(d.in().in(), phase::recovering);
  EXPECT_FALSE(d.in().ready()) << "its server warms up";
  d.later(seconds(5));
  EXPECT_EQ(d.passes(), (words{"[ready]", "[save]", "Answering", "[save]"}));
  EXPECT_EQ(d.message_of("Answering"), "all probes pass 7 s after the restart");
  EXPECT_EQ(d.passes_for(seconds(19)), words{});
  EXPECT_EQ(d.passes_for(seconds(1)), (words{"Recovered", "[recovered hooks]", "[save]"}));
  EXPECT_EQ(d.message_of("Recovered"), "all probes have passed for 20 s; recovery took 7 s");
  const restart_record& r = *d.in().book().last();
  EXPECT_EQ(r.ended, outcome::recovered);
  EXPECT_EQ(r.first_pass, seconds(7));
  EXPECT_EQ(r.recovery, seconds(7));
  EXPECT_EQ(r.recovered_at, d.now());
}

TEST(Medic, DoesNotInterruptWarmUp) {
  driver before;
  before.to_exit();
  driver d = before.next_life();
  for (int i = 0; i < 56; ++i) {  // 60 s of warm-up since the container started
    d.later(seconds(1));
    EXPECT_EQ(d.hangs(), words{});
  }
  EXPECT_EQ(d.in().in(), phase::recovering);
}

TEST(Medic, TellsOfARelapseAndWaitsForItsTurn) {
  driver before;
  before.to_exit();
  driver d = before.next_life();
  d.passes();
  for (int i = 0; i < 3; ++i) d.hangs();
  EXPECT_EQ(d.hangs(), (words{"[unready]", "[save]", "Relapsed", "FailureConfirmed", "WaitingToRestart"}));
  EXPECT_EQ(d.message_of("Relapsed"), "the restart did not help: no answer within 1 s");
  EXPECT_THAT(d.message_of("WaitingToRestart"), HasSubstr("for probe engine: the next restart may come in "));
  EXPECT_EQ(d.in().in(), phase::waiting);
  const instant due = before.in().book().last()->at + before.in().book().last()->wait_after;
  EXPECT_EQ(d.in().wake_at(d.now()), due);
  d.later(due - d.now() - milliseconds(1));
  EXPECT_EQ(d.feed(event::tick{}), words{});
  d.later(milliseconds(1));
  EXPECT_EQ(d.feed(event::tick{}), (words{"Draining", "[save]", "[drain]"}));
}

TEST(Medic, HealsByItselfWhileItWaits) {
  driver before;
  before.to_exit();
  driver d = before.next_life();
  d.passes();
  d.fail_until_confirmed();
  ASSERT_EQ(d.in().in(), phase::waiting);
  EXPECT_EQ(d.passes(), (words{"[ready]", "ProbePassing", "Cancelled"}));
  EXPECT_EQ(d.message_of("Cancelled"), "no restart: the probe passes again");
  EXPECT_EQ(unrecovered(d.in().book()), 1);
  d.passes_for(seconds(20));
  EXPECT_EQ(unrecovered(d.in().book()), 0) << "it recovered after all, without a further restart";
}

TEST(Medic, StaysInTrafficWhileItWaitsIfTheProbeSaysSo) {
  rules r = driver::usual();
  r.probes[0].while_waiting = waiting::in_service;
  driver before(r);
  before.to_exit();
  driver d = before.next_life();
  d.passes();
  d.fail_until_confirmed();
  ASSERT_EQ(d.in().in(), phase::waiting);
  EXPECT_TRUE(d.in().ready());
}

/// A server that relapses as soon as it may, until podmedic holds.
driver after_restarts_without_recovery(int restarts, const rules& use = driver::usual()) {
  auto d = std::make_unique<driver>(use);
  for (int i = 0; i < restarts; ++i) {
    d->passes();
    d->fail_until_confirmed();
    d->later(seconds(101));
    d->hangs();
    d->feed(event::drained{});
    d->feed(event::diagnosed{});
    d->feed(event::committed{});
    d->feed(event::quiesced{});
    d = std::make_unique<driver>(d->next_life());
  }
  return std::move(*d);
}

TEST(Medic, HoldsInsteadOfAFourthRestartWithoutRecovery) {
  driver d = after_restarts_without_recovery(3);
  ASSERT_EQ(d.in().book().restarts.size(), 3U);
  d.passes();
  d.fail_until_confirmed();
  EXPECT_EQ(d.in().in(), phase::holding);
  EXPECT_THAT(d.message_of("Holding"), HasSubstr("3 restarts in a row did not lead to recovery"));
  d.later(hours(24));
  EXPECT_EQ(d.hangs(), words{});
  EXPECT_EQ(d.next_life(fate::unchanged).in().book().last()->ended, outcome::relapsed) << "another life knows it too";
}

TEST(Medic, HoldsAgainInALifeThatBeginsWhileItHolds) {
  driver held = after_restarts_without_recovery(3);
  held.passes();
  held.fail_until_confirmed();
  driver d = held.next_life(fate::unchanged);
  d.later(hours(2));
  d.fail_until_confirmed();
  EXPECT_EQ(d.in().in(), phase::holding);
}

TEST(Medic, StartsAnewAfterHavingBeenWellWithoutKnowingOfTheHold) {
  driver held = after_restarts_without_recovery(3);
  held.passes();
  held.fail_until_confirmed();
  driver d = held.next_life(fate::unchanged);
  d.passes();
  d.passes_for(seconds(20));
  EXPECT_EQ(unrecovered(d.in().book()), 0);
}

TEST(Medic, LetsWaitsStartAnewAfterACalmOfAFullCapOnly) {
  driver before;
  before.to_exit();
  driver d = before.next_life();
  d.passes();
  d.passes_for(seconds(119));
  EXPECT_TRUE(previous_wait(d.in().book())) << "20 s until recovery and 99 s of calm";
  d.passes_for(seconds(1));
  EXPECT_FALSE(previous_wait(d.in().book()));
}

TEST(Medic, ASingleFailureBreaksACalm) {
  driver before;
  before.to_exit();
  driver d = before.next_life();
  d.passes();
  d.passes_for(seconds(100));
  d.hangs();
  d.passes();
  d.passes_for(seconds(119));
  EXPECT_TRUE(previous_wait(d.in().book()));
  d.passes_for(seconds(1));
  EXPECT_FALSE(previous_wait(d.in().book()));
}

TEST(Medic, DoesNotTakeSilenceForRecovery) {
  driver before;
  before.to_exit();
  driver d = before.next_life();
  for (int i = 0; i < 100; ++i) {
    d.later(seconds(1));
    d.cannot_be_asked();
  }
  EXPECT_EQ(d.in().book().last()->ended, outcome::pending);
  EXPECT_EQ(d.in().in(), phase::recovering);
}

TEST(Medic, TakesNothingThatPassedBeforeTheExitForRecovery) {
  driver d;
  d.to_watching();
  d.passes_for(seconds(60));
  d.request();
  d.feed(event::drained{});
  d.feed(event::diagnosed{});
  d.feed(event::committed{});
  d.feed(event::quiesced{});
  EXPECT_EQ(d.passes(), words{}) << "a check that was in flight";
  EXPECT_EQ(d.in().book().last()->ended, outcome::pending);
}

// What the last life left behind.

TEST(Medic, SaysThatARestartWasWrittenDownAndNotCarriedOut) {
  driver before;
  before.to_commit();
  driver d = before.next_life(fate::unchanged);
  EXPECT_EQ(d.first_message_of("RestartNotExecuted"),
            "podmedic ended between writing down a restart and carrying it out");
  EXPECT_EQ(d.in().book().last()->ended, outcome::not_executed);
  EXPECT_EQ(unrecovered(d.in().book()), 0);
  EXPECT_EQ(spent(d.in().use().budget, d.in().book(), d.now()), 1) << "its place in the budget stays taken";
}

TEST(Medic, CountsARestartAsDoneIfNobodyCanTell) {
  driver before;
  before.to_commit();
  for (const fate f : {fate::cannot_tell, fate::restarted}) {
    driver d = before.next_life(f);
    EXPECT_EQ(d.in().book().last()->ended, outcome::pending);
    EXPECT_EQ(d.in().book().last()->at, d.now()) << "it may have happened as late as this";
    EXPECT_EQ(unrecovered(d.in().book()), 1);
    EXPECT_EQ(d.in().in(), phase::recovering);
  }
}

TEST(Medic, OnlyObservesWhereTheKubeletDidNotHonourTheCode) {
  driver before;
  before.to_exit();
  driver d = before.next_life(fate::unchanged);
  EXPECT_THAT(d.first_message_of("RestartNotExecuted"), HasSubstr("podmedic went on to exit"));
  EXPECT_EQ(d.feed(event::exit_not_honoured{}), (words{"RestartNotHonoured", "[save]"}));
  EXPECT_EQ(d.message_of("RestartNotHonoured"),
            "the kubelet did not restart the containers when podmedic exited with the restart "
            "code: podmedic only observes; check restartPolicyRules");
  d.feed(event::support_found{support::verified, ""});
  d.later(hours(2));
  d.passes();
  d.fail_until_confirmed();
  EXPECT_EQ(d.in().in(), phase::waiting);
  EXPECT_THAT(d.message_of("WouldRestartAllContainers"), HasSubstr("the kubelet did not restart the containers"))
      << "experience outweighs what the API says";
  EXPECT_TRUE(d.in().ready());
  EXPECT_FALSE(d.next_life(fate::unchanged).first_message_of("RestartNotHonoured").empty())
      << "the next life knows it too";
}

TEST(Medic, DoesNotBelieveThatAnExitWasNotHonouredToWhichItNeverCame) {
  driver before;
  before.to_commit();
  driver d = before.next_life(fate::unchanged);
  EXPECT_EQ(d.feed(event::exit_not_honoured{}), words{});
  EXPECT_EQ(d.in().book().last()->ended, outcome::not_executed);
}

TEST(Medic, DoesNotBelieveThatAnExitWasNotHonouredWhereContainersWereRestarted) {
  driver before;
  before.to_exit();
  driver d = before.next_life(fate::restarted);
  EXPECT_EQ(d.feed(event::exit_not_honoured{}), words{});
  EXPECT_EQ(d.in().book().last()->ended, outcome::pending);
}

TEST(Medic, RestartsNothingForACapAfterALedgerWasLost) {
  driver d(medic::beginning{.use = driver::usual(), .book = {}, .found = book_found::lost, .damage = "there is none"});
  EXPECT_EQ(d.first_message_of("LedgerLost"),
            "the ledger of earlier restarts is lost (there is none): no restart for 100 s");
  d.to_waiting_or_drain();
  EXPECT_THAT(d.message_of("WaitingToRestart"),
              HasSubstr("the ledger was lost, so the budget counts as spent for another "));
  d.later(driver::beginning + seconds(100) - d.now() - milliseconds(1));
  EXPECT_EQ(d.hangs(), words{});
  d.later(milliseconds(1));
  EXPECT_EQ(d.hangs(), (words{"Draining", "[save]", "[drain]"}));
}

TEST(Medic, RestartsNothingForACapAfterTheLedgerCouldNotBeWritten) {
  driver d;
  d.to_commit();
  EXPECT_EQ(d.feed(event::committed{"no space left on device"}),
            (words{"[ready]", "LedgerUnwritable", "[stop, with hooks]", "WaitingToRestart"}));
  EXPECT_EQ(d.message_of("LedgerUnwritable"), "no restart without its record on disk: no space left on device");
  EXPECT_TRUE(d.in().book().restarts.empty());
  d.later(seconds(100) - milliseconds(1));
  EXPECT_EQ(d.hangs(), words{});
  d.later(milliseconds(1));
  EXPECT_EQ(d.hangs(), (words{"[unready]", "Draining", "[save]", "[drain]"}));
}

TEST(Medic, NeitherDrainsNorLeavesTrafficWhereTheLedgerCannotBeWritten) {
  driver d;
  d.to_watching();
  d.ledger_error("read-only file system");
  for (int i = 0; i < 2; ++i) d.hangs();
  EXPECT_THAT(d.hangs(), Contains("LedgerUnwritable")) << "asked when it is suspected, before anything is done";
  d.later(milliseconds(100));
  EXPECT_EQ(d.hangs(), (words{"FailureConfirmed", "WaitingToRestart"}));
  EXPECT_THAT(d.message_of("WaitingToRestart"), HasSubstr("the ledger could not be written"));
  d.later(seconds(100));
  EXPECT_EQ(d.hangs(), (words{"LedgerUnwritable"})) << "asked anew when the cap has passed";
  EXPECT_TRUE(d.in().ready());
  EXPECT_EQ(d.request(), (words{"RestartRequested", "[yes]", "LedgerUnwritable"}));
  EXPECT_TRUE(d.in().ready());
  d.ledger_error(std::nullopt);
  d.later(seconds(100));
  EXPECT_EQ(d.hangs(), (words{"[unready]", "Draining", "[save]", "[drain]"}));
}

TEST(Medic, StopsBeforeTheEndOfProcessesWhereTheLedgerCouldNotBeWrittenMeanwhile) {
  driver d;
  d.to_quiescing();
  d.feed(event::ledger_tried{"read-only file system"});
  EXPECT_EQ(d.feed(event::diagnosed{}), (words{"[ready]", "[stop, with hooks]", "WaitingToRestart"}));
  EXPECT_THAT(d.in().book().restarts, IsEmpty());

  driver e;
  e.to_commit();
  e.feed(event::ledger_tried{"read-only file system"});
  EXPECT_THAT(e.feed(event::committed{}), AllOf(Contains("Cancelled"), Not(Contains("[quiesce]"))));
  EXPECT_EQ(e.in().book().last()->ended, outcome::not_executed);
}

TEST(Medic, RemembersAFailedWriteEvenIfTheRestartWasCalledOffMeanwhile) {
  driver d;
  d.to_commit();
  d.passes();
  rules paused = driver::usual();
  paused.paused_until = d.wall() + hours(1);
  d.edit(paused);
  d.feed(event::committed{"no space left on device"});
  EXPECT_EQ(d.in().facts().unwritable_until, d.now() + seconds(100));
}

medic::beginning after_lives(const std::vector<life_record>& lives) {
  medic::beginning from{.use = driver::usual(), .book = {}, .found = book_found::sound, .damage = {}};
  from.book.lives = lives;
  return from;
}

TEST(Medic, StartsInSafeModeAfterThreeAbnormalEndsWithinTenMinutes) {
  const auto ago = [](int s, bool clean) { return life_record{driver::beginning - seconds(s), clean}; };
  struct row {
    std::vector<life_record> lives;
    bool safe;
  };
  std::vector<life_record> restarts_between{ago(590, false), ago(580, false), ago(570, false)};
  for (int s = 560; s > 0; s -= 20) restarts_between.push_back(ago(s, true));
  const std::vector<row> rows{
      {{}, false},
      {{ago(30, false), ago(20, false)}, false},
      {{ago(30, false), ago(20, false), ago(10, false)}, true},
      {{ago(30, false), ago(20, true), ago(10, false)}, false},
      {{ago(5000, false), ago(600, false), ago(599, false)}, true},   // the first one ended 600 s ago
      {{ago(5000, false), ago(601, false), ago(599, false)}, false},  // 601 s ago
      {restarts_between, true},                                       // however many meant ends came since
  };
  for (const row& r : rows) {
    driver d(after_lives(r.lives));
    EXPECT_EQ(d.in().facts().safe_mode, r.safe) << "row " << &r - rows.data();
  }
}

TEST(Medic, JudgesNothingInSafeMode) {
  driver d(after_lives({{driver::beginning - seconds(30), false},
                        {driver::beginning - seconds(20), false},
                        {driver::beginning - seconds(10), false}}));
  EXPECT_EQ(d.first_message_of("SafeMode"),
            "podmedic ended abnormally 3 times within 10 minutes: it stays ready and judges nothing until it is "
            "started anew");
  d.to_watching();
  for (int i = 0; i < 100; ++i) {
    d.later(seconds(1));
    EXPECT_THAT(d.hangs(), testing::Not(testing::Contains("Suspected")));
    EXPECT_TRUE(d.in().ready());
  }
  EXPECT_EQ(d.request(), (words{"[no]"}));
}

// Observe and Paused.

TEST(Medic, SaysWhatItWouldDoInObserve) {
  rules r = driver::usual();
  r.in_mode = mode::observe;
  driver d(r);
  d.to_watching();
  for (int i = 0; i < 3; ++i) d.hangs();
  EXPECT_EQ(d.hangs(), (words{"FailureConfirmed", "WouldRestartAllContainers"}));
  EXPECT_EQ(d.message_of("WouldRestartAllContainers"),
            "for probe engine (no answer within 1 s), and does not: podmedic.io/mode is Observe");
  EXPECT_TRUE(d.in().ready());
  EXPECT_EQ(d.hangs(), words{}) << "told once";
  EXPECT_EQ(d.edit(driver::usual()), (words{"[unready]", "Draining", "[save]", "[drain]"}));
}

TEST(Medic, ResumesWhenAPauseEnds) {
  rules r = driver::usual();
  driver d(r);
  r.paused_until = d.wall() + seconds(60);
  d.edit(r);
  d.to_waiting_or_drain();
  EXPECT_THAT(d.message_of("WouldRestartAllContainers"), HasSubstr("podmedic.io/paused-until is in the future"));
  EXPECT_TRUE(d.in().ready());
  d.later(*r.paused_until - d.wall());
  EXPECT_EQ(d.hangs(), (words{"[unready]", "Draining", "[save]", "[drain]"}));
}

// Requests.

TEST(Medic, RestartsOnRequest) {
  driver d;
  d.to_watching();
  EXPECT_EQ(d.request(), (words{"RestartRequested", "[yes]", "[unready]", "Draining", "[save]", "[drain]"}));
  EXPECT_EQ(d.message_of("RestartRequested"), "by kim: new weights");
  EXPECT_EQ(d.answer(), "draining, then restarting all containers");
  d.passes();
  EXPECT_EQ(d.in().in(), phase::draining) << "a passing probe is no reason to stop";
  d.feed(event::drained{});
  d.feed(event::diagnosed{});
  EXPECT_EQ(d.in().book().last()->requested_by, "kim");
  EXPECT_EQ(d.in().book().last()->probe, "");
  d.feed(event::committed{});
  EXPECT_EQ(d.message_of("RestartingAllContainers"), "requested by kim: new weights");
  d.feed(event::quiesced{});
  EXPECT_EQ(d.next_life().first_message_of("Restarted"),
            "all containers were restarted for a request: new weights; now watching whether it helped");
}

TEST(Medic, CarriesARequestWithAnIdOutOnce) {
  driver d;
  d.to_watching();
  EXPECT_THAT(d.request("a1"), Contains("[drain]"));
  EXPECT_EQ(d.request("a1"), words{"[yes]"});
  EXPECT_EQ(d.answer(), "the request a1 was accepted already: one restart for it, and not another");
  d.feed(event::drained{});
  d.feed(event::diagnosed{});
  d.feed(event::committed{});
  d.feed(event::quiesced{});
  driver next = d.next_life();
  next.passes_for(seconds(300));
  EXPECT_EQ(next.request("a1"), words{"[yes]"});
  EXPECT_EQ(next.answer(), "the request a1 was carried out already: one restart for it, and not another");
  EXPECT_THAT(next.request("a2"), Contains("RestartRequested"));
}

TEST(Medic, RefusesARequestThatWaitingWillNotMend) {
  struct row {
    std::function<void(driver&)> make;
    const char* answer;
  };
  const std::vector<row> rows{
      {[](driver& d) {
         rules r = driver::usual();
         r.in_mode = mode::observe;
         d.edit(r);
       },
       "not now: podmedic.io/mode is Observe"},
      {[](driver& d) {
         rules r = driver::usual();
         r.budget.restarts = 0;
         d.edit(r);
       },
       "not now: 0 restarts within 3600 s, of 0 allowed"},
      {[](driver& d) { d.feed(event::support_found{support::missing, "no rule"}); }, "not now: no rule"},
      {[](driver& d) { d.to_waiting_or_drain(); }, "a restart is under way already"},
      {[](driver& d) { d.feed(event::stood_down{"SIGTERM"}); }, "podmedic is standing down"},
  };
  for (const row& r : rows) {
    driver d;
    d.to_watching();
    r.make(d);
    EXPECT_EQ(d.request(), (words{"[no]"}));
    EXPECT_EQ(d.answer(), r.answer);
  }
}

TEST(Medic, LetsARequestWaitForBackOffButNotOutliveAPause) {
  driver before;
  before.to_exit();
  driver d = before.next_life();
  d.passes();
  EXPECT_EQ(d.request(), (words{"RestartRequested", "[yes]"}));
  EXPECT_THAT(d.answer(), HasSubstr("accepted, and waiting: the next restart may come in "));
  rules paused = driver::usual();
  paused.paused_until = d.wall() + hours(72);
  EXPECT_EQ(d.edit(paused), (words{"Cancelled"}));
  EXPECT_THAT(d.message_of("Cancelled"), HasSubstr("podmedic.io/paused-until is in the future"));
  d.edit(driver::usual());
  d.later(hours(1));
  EXPECT_EQ(d.passes(), words({"Recovered", "[recovered hooks]", "[save]", "[save]"}))
      << "three days later nobody wants it any more";
}

TEST(Medic, NoticesRecoveryWhileARequestWaits) {
  driver before;
  before.to_exit();
  driver d = before.next_life();
  d.passes();
  d.request();
  for (int i = 0; i < 3; ++i) {
    d.later(milliseconds(1));
    d.cannot_be_asked();
  }
  ASSERT_EQ(d.in().in(), phase::waiting);
  rules patient = driver::usual();
  patient.success.stable = milliseconds(2);
  d.edit(patient);
  EXPECT_EQ(d.in().book().last()->ended, outcome::recovered);
}

TEST(Medic, RestartsOnRequestFromHolding) {
  driver d = after_restarts_without_recovery(3);
  d.passes();
  d.fail_until_confirmed();
  ASSERT_EQ(d.in().in(), phase::holding);
  d.later(seconds(101));
  EXPECT_EQ(d.request(), (words{"RestartRequested", "[yes]", "[unready]", "Draining", "[save]", "[drain]"}));
}

TEST(Medic, ARequestDoesNotPutAnIllPodBackIntoTraffic) {
  driver before;
  before.to_exit();
  driver d = before.next_life();
  d.passes();
  d.fail_until_confirmed();
  ASSERT_FALSE(d.in().ready());
  EXPECT_EQ(d.request(), (words{"RestartRequested", "[yes]"}));
  EXPECT_FALSE(d.in().ready());
}

// Stand-down.

TEST(Medic, StandsDownFromEveryPhase) {
  const std::vector<std::function<void(driver&)>> reach{
      [](driver&) {},
      [](driver& d) { d.to_watching(); },
      [](driver& d) {
        d.to_watching();
        for (int i = 0; i < 3; ++i) d.hangs();
      },
      [](driver& d) {
        d.to_waiting_or_drain();
        d.cannot_be_asked();
        d.feed(event::drained{});
      },
      [](driver& d) { d.to_waiting_or_drain(); },
      [](driver& d) { d.to_quiescing(); },
      [](driver& d) { d.to_commit(); },
      [](driver& d) {
        d.to_commit();
        d.feed(event::committed{});
      },
      [](driver& d) { d.to_exit(); },
      [](driver& d) {
        d.to_quiescing();
        d.feed(event::diagnosed{"D state"});
      },
  };
  for (const auto& to : reach) {
    driver d;
    to(d);
    const bool under_way = in_restart(d.in().in());
    const words said = d.feed(event::stood_down{"the Pod is being deleted"});
    EXPECT_THAT(said, testing::Contains("StandingDown"));
    EXPECT_EQ(testing::Value(said, testing::Contains("[stop]")), under_way);
    EXPECT_EQ(d.message_of("StandingDown"),
              "the Pod is being deleted: podmedic judges and restarts nothing from now on");
    EXPECT_EQ(d.in().in(), phase::standing_down);
    EXPECT_EQ(unrecovered(d.in().book()), 0);
    for (const any_event& e :
         {any_event{event::drained{}}, any_event{event::diagnosed{}}, any_event{event::committed{}},
          any_event{event::quiesced{}}, any_event{event::tick{}}, any_event{event::stood_down{"SIGTERM"}}}) {
      EXPECT_EQ(d.feed(e), words{});
    }
    for (int i = 0; i < 5; ++i) EXPECT_EQ(d.hangs(), words{});
  }
}

// Several probes.

rules two_probes(remedy second) {
  rules r = driver::usual();
  r.probes.push_back({.name = "proxy", .container = "proxy", .on_failure = second});
  return r;
}

TEST(Medic, AProbeThatCannotBeAskedHidesNoOther) {
  for (const bool confirmed : {false, true}) {
    rules r = two_probes(remedy::restart_all_containers);
    r.in_mode = mode::observe;  // so that a confirmed failure waits
    driver d(r);
    d.passes("engine");
    d.passes("proxy");
    for (int i = 0; i < 3; ++i) d.hangs("engine");
    if (confirmed) d.hangs("engine");
    d.cannot_be_asked("engine");  // its container is gone for good
    for (int i = 0; i < 2; ++i) d.hangs("proxy");
    EXPECT_EQ(d.hangs("proxy"), (words{"ProbeFailing", "Suspected", "[check proxy]"})) << confirmed;
    EXPECT_THAT(d.hangs("proxy"), testing::Contains("FailureConfirmed"));
  }
}

TEST(Medic, ASuspicionWhoseStreakWasBrokenDoesNotLinger) {
  rules r = driver::usual();
  r.probes[0].success_threshold = 2;
  r.in_mode = mode::observe;
  driver d(r);
  d.passes();
  d.passes();
  for (int i = 0; i < 50; ++i) d.hangs();
  d.passes();
  d.passes();
  for (int i = 0; i < 3; ++i) d.hangs();
  d.passes();  // one of two: it still counts as ill
  EXPECT_EQ(d.hangs(), words{});
  EXPECT_EQ(d.hangs(), words{});
  EXPECT_THAT(d.hangs(), testing::Contains("Suspected"));
  EXPECT_THAT(d.hangs(), testing::Contains("FailureConfirmed"));
}

TEST(Medic, ADrainProbeOnlyTakesThePodOutOfTraffic) {
  driver d(two_probes(remedy::drain));
  d.passes("engine");
  d.passes("proxy");
  for (int i = 0; i < 2; ++i) d.hangs("proxy");
  EXPECT_EQ(d.hangs("proxy"), (words{"[unready]", "ProbeFailing"}));
  EXPECT_EQ(d.cannot_be_asked("proxy"), words{}) << "it is ill as far as anybody knows";
  EXPECT_EQ(d.passes("proxy"), (words{"[ready]", "ProbePassing"}));
}

TEST(Medic, ADrainProbeNeedsNoKubeletThatCanRestart) {
  driver d(two_probes(remedy::drain));
  d.feed(event::support_found{support::missing, "no rule"});
  EXPECT_EQ(d.message_of("RestartNotSupported"), "no rule; until then podmedic only observes");
  d.passes("engine");
  d.passes("proxy");
  for (int i = 0; i < 3; ++i) d.hangs("proxy");
  EXPECT_FALSE(d.in().ready());
}

TEST(Medic, ADrainProbeDoesNothingInObserve) {
  rules r = two_probes(remedy::drain);
  r.in_mode = mode::observe;
  driver d(r);
  d.passes("proxy");
  for (int i = 0; i < 5; ++i) d.hangs("proxy");
  EXPECT_TRUE(d.in().ready());
}

TEST(Medic, AnObserveProbeReportsAndStandsAgainstNothing) {
  driver before(two_probes(remedy::observe));
  before.passes("proxy");
  for (int i = 0; i < 2; ++i) before.hangs("proxy");
  EXPECT_EQ(before.hangs("proxy"), (words{"ProbeFailing"}));
  EXPECT_EQ(before.in().in(), phase::starting);
  before.to_exit();
  driver d = before.next_life();
  d.passes("engine");
  for (int i = 0; i < 21; ++i) {
    d.later(seconds(1));
    d.hangs("proxy");
    d.passes("engine");
  }
  EXPECT_EQ(d.in().book().last()->ended, outcome::recovered);
}

TEST(Medic, RecoveryNeedsTheProbeThatTheRestartWasFor) {
  driver before(two_probes(remedy::restart_all_containers));
  before.passes("proxy");
  before.to_exit();
  driver d = before.next_life();
  for (int i = 0; i < 60; ++i) {
    d.later(seconds(1));
    d.passes("proxy");
    d.cannot_be_asked("engine");
  }
  EXPECT_EQ(d.in().book().last()->ended, outcome::pending);
  for (int i = 0; i < 21; ++i) {
    d.later(seconds(1));
    d.passes("proxy");
    d.passes("engine");
  }
  EXPECT_EQ(d.in().book().last()->ended, outcome::recovered);
}

TEST(Medic, RecoveryFromARequestNeedsAProbeThatCounts) {
  driver before(two_probes(remedy::observe));
  before.passes("engine");
  before.request();
  before.feed(event::drained{});
  before.feed(event::diagnosed{});
  before.feed(event::committed{});
  before.feed(event::quiesced{});
  driver d = before.next_life();
  for (int i = 0; i < 60; ++i) {
    d.later(seconds(1));
    d.passes("proxy");  // only observed
    d.cannot_be_asked("engine");
  }
  EXPECT_EQ(d.in().book().last()->ended, outcome::pending);
}

TEST(Medic, RecoveryIgnoresAnotherProbeThatCouldNeverBeAsked) {
  driver before(two_probes(remedy::restart_all_containers));
  before.to_exit();
  driver d = before.next_life();
  for (int i = 0; i < 21; ++i) {
    d.later(seconds(1));
    d.cannot_be_asked("proxy");  // podmedic has no right to
    d.passes("engine");
  }
  EXPECT_EQ(d.in().book().last()->ended, outcome::recovered);
}

// Warm-up that is learned.

TEST(Medic, LearnsOnlyFromStartsThatItSawOfEveryContainer) {
  rules r = two_probes(remedy::restart_all_containers);
  r.warm_up.learn = true;
  driver d(r);
  d.feed(event::container_started{"engine", driver::beginning - hours(5)});  // long before this life
  for (int i = 0; i < 5; ++i) {
    d.feed(event::container_started{"proxy", d.now()});  // crashes and starts within a second
    d.later(seconds(1));
    d.passes("proxy");
    d.passes("engine");
  }
  EXPECT_THAT(d.in().book().warm_ups, IsEmpty()) << "the slow container's start was not seen";

  d.feed(event::container_started{"engine", d.now()});
  d.later(seconds(50));
  d.passes("engine");
  d.passes("proxy");
  EXPECT_EQ(d.in().book().warm_ups, (std::vector<milliseconds>{seconds(50)})) << "the longest of both";
}

TEST(Medic, LearnsNothingWhereNobodyToldOfAStart) {
  rules r = driver::usual();
  r.warm_up.learn = true;
  driver d(r);
  d.later(seconds(1));
  d.passes();
  EXPECT_THAT(d.in().book().warm_ups, IsEmpty());
}

TEST(Medic, AServerThatPassedInAnEarlierLifeDoesNotWarmUpAgain) {
  driver before;
  before.feed(event::container_started{"engine", driver::beginning});
  before.to_watching();
  driver d = before.next_life(fate::unchanged);  // the same process still runs
  d.fail_until_confirmed();
  EXPECT_EQ(d.in().in(), phase::draining);
}

// When to come back.

TEST(Medic, AsksToBeWokenOnlyWhereTimeAloneChangesSomething) {
  driver d;
  EXPECT_FALSE(d.in().wake_at(d.now()));
  d.to_waiting_or_drain();
  EXPECT_FALSE(d.in().wake_at(d.now())) << "the drain's end brings an event";
  d.feed(event::drained{});
  d.feed(event::diagnosed{});
  d.feed(event::committed{});
  d.feed(event::quiesced{});
  driver next = d.next_life();
  EXPECT_FALSE(next.in().wake_at(next.now())) << "nothing passes yet";
  next.passes();
  EXPECT_EQ(next.in().wake_at(next.now()), next.now() + seconds(20)) << "the success condition";
}

TEST(Medic, NeverAsksToBeWokenInThePastOrAtOnce) {
  rules r = driver::usual();
  r.in_mode = mode::observe;
  driver d(r);
  d.to_waiting_or_drain();
  ASSERT_EQ(d.in().in(), phase::waiting);
  EXPECT_GT(d.in().wake_at(d.now()), d.now());
  EXPECT_GT(d.in().wake_at(d.now() + hours(1)), d.now() + hours(1));
}

// Time.

TEST(Medic, DoesNotGoBackInTime) {
  driver d;
  d.to_watching();
  d.of().step(event::check_done{"engine", fail{{"x", "y"}, false}}, d.now() - hours(2), d.wall());
  d.fail_until_confirmed();
  EXPECT_GE(d.in().current_cause()->failing_since, driver::beginning);
}

}  // namespace
}  // namespace podmedic::policy
