// What comes after restarts that did not help, or that cannot be carried out: one step up, eviction, signals, hold.
#include "test/unit/policy/medic_driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmedic::policy {
namespace {

using std::chrono::hours;
using test::driver;
using test::words;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using answer = event::eviction_answered::answer;

/// A life whose ledger ends with restarts of these scopes that did not help, the last one 200 s ago.
driver after(std::vector<std::string> scopes, rules use) {
  ledger book;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    restart_record r;
    r.at = driver::beginning - seconds(200 + 100 * static_cast<int>(scopes.size() - 1 - i));
    r.scope = scopes[i];
    r.probe = "engine";
    r.wait_after = seconds(20);
    r.ended = outcome::relapsed;
    r.exited = true;
    book.restarts.push_back(std::move(r));
  }
  return driver({.use = std::move(use), .book = std::move(book), .found = book_found::sound, .damage = {}},
                driver::beginning);
}
rules climbing_to(escalation highest, remedy on_failure = remedy::restart_all_containers) {
  rules use = driver::usual();
  use.escalate = highest;
  use.probes[0].on_failure = on_failure;
  return use;
}
rules falling_back_to(fallback instead) {
  rules use = driver::usual();
  use.without_support = instead;
  return use;
}
const std::vector<std::string> three_of_pod{"Pod", "Pod", "Pod"};
const std::vector<std::string> three_alone{"engine", "engine", "engine"};

phase phase_of(const driver& d, std::string_view scope) {
  for (const lifecycle& s : d.in().scopes()) {
    if (s.scope() == scope) return s.in();
  }
  return phase::starting;
}

TEST(Ladder, AsksForAnEvictionAfterThreeRestartsThatDidNotHelpWhenItsEntryIsOnDisk) {
  driver d = after(three_of_pod, climbing_to(escalation::evict));
  d.to_waiting_or_drain();
  EXPECT_EQ(d.in().in(), phase::evicting);
  ASSERT_EQ(d.in().book().restarts.size(), 4U);
  EXPECT_EQ(d.in().book().last()->by, method::eviction);
  EXPECT_EQ(d.feed(event::committed{}), (words{"Evicting", "[evict]"}));
  EXPECT_EQ(d.feed(event::eviction_answered{answer::granted}), (words{"[ready]", "Evicted", "[save]"}));
}

TEST(Ladder, DoesNotAskForAnEvictionThatCouldNotBeWrittenDown) {
  driver d = after(three_of_pod, climbing_to(escalation::evict));
  d.to_waiting_or_drain();
  EXPECT_THAT(d.feed(event::committed{"no space left on device"}),
              AllOf(Contains("LedgerUnwritable"), Not(Contains("[evict]"))));
  EXPECT_EQ(d.in().in(), phase::waiting);
}

TEST(Ladder, HoldsAndSaysSoWhileAnEvictionIsRefusedAndAsksAgainInItsTime) {
  rules use = climbing_to(escalation::evict);
  use.budget.restarts = 4;  // the three, and one for the eviction
  driver d = after(three_of_pod, use);
  d.to_waiting_or_drain();
  d.feed(event::committed{});
  d.feed(event::eviction_answered{answer::refused, "429: it would violate the disruption budget"});
  EXPECT_EQ(d.in().in(), phase::holding);
  EXPECT_THAT(d.message_of("EvictionRefused"), AllOf(HasSubstr("disruption budget"), HasSubstr("asked for again in")));
  const milliseconds wait = d.in().book().last()->wait_after;
  EXPECT_GE(wait, seconds(20)) << "waits grow from the last restart's";
  d.later(wait - milliseconds(1));
  EXPECT_EQ(d.hangs(), words{});
  d.later(milliseconds(1));
  EXPECT_THAT(d.hangs(), Contains("[commit]"));
  EXPECT_EQ(d.feed(event::committed{}), (words{"Evicting", "[evict]"}));
  EXPECT_EQ(d.in().book().restarts.size(), 4U) << "asking again takes no other place in the budget";
}

TEST(Ladder, AsksForNoEvictionAnyMoreWhenTheServerHasHealed) {
  driver d = after(three_of_pod, climbing_to(escalation::evict));
  d.to_waiting_or_drain();
  d.feed(event::committed{});
  d.feed(event::eviction_answered{answer::failed, "403: a Role must grant create on pods/eviction"});
  EXPECT_THAT(d.message_of("EvictionFailed"), HasSubstr("a Role must grant"));
  EXPECT_THAT(d.passes(), Contains("HoldEnded"));
  EXPECT_EQ(d.in().in(), phase::watching);
  EXPECT_EQ(d.in().book().last()->ended, outcome::not_executed);
  EXPECT_THAT(d.passes_for(seconds(150)), Not(Contains("[commit]")));
  d.fail_until_confirmed();
  EXPECT_EQ(d.in().in(), phase::draining) << "it has recovered, so that restarts count anew";
}

TEST(Ladder, AsksForNoEvictionInObserveOrPausedOrWhileStandingDown) {
  rules use = climbing_to(escalation::evict);
  use.in_mode = mode::observe;
  driver observes = after(three_of_pod, use);
  observes.to_watching();
  for (int i = 0; i < 3; ++i) observes.hangs();
  EXPECT_THAT(observes.hangs(), AllOf(Contains("WouldEvict"), Not(Contains("[commit]"))));

  driver refused = after(three_of_pod, climbing_to(escalation::evict));
  refused.to_waiting_or_drain();
  refused.feed(event::committed{});
  refused.feed(event::eviction_answered{answer::refused, "429"});
  use = climbing_to(escalation::evict);
  use.paused_until = refused.wall() + hours(2);
  refused.edit(use);
  refused.later(seconds(200));
  EXPECT_EQ(refused.hangs(), words{});

  driver ends = after(three_of_pod, climbing_to(escalation::evict));
  ends.to_waiting_or_drain();
  ends.feed(event::stood_down{"preStop"});
  EXPECT_EQ(ends.feed(event::committed{}), words{});
}

TEST(Ladder, TakesOneStepUpFromAContainerAndOnlyOne) {
  for (const escalation highest : {escalation::restart_all_containers, escalation::evict}) {
    driver d = after(three_alone, climbing_to(highest, remedy::restart_container));
    d.to_watching();
    d.fail_until_confirmed();
    EXPECT_EQ(d.in().in(), phase::draining) << "the Pod's lifecycle has taken it up";
    EXPECT_EQ(phase_of(d, "engine"), phase::watching);
    d.feed(event::drained{});
    d.feed(event::diagnosed{});
    d.feed(event::committed{});
    d.feed(event::quiesced{});
    EXPECT_EQ(d.in().book().last()->scope, "Pod");

    driver next = d.next_life();
    next.later(seconds(100));
    next.passes();
    next.fail_until_confirmed();
    EXPECT_EQ(next.in().in(), highest == escalation::evict ? phase::evicting : phase::holding);
  }
}

TEST(Ladder, HoldsAfterRestartsOfAContainerWhereNoStepUpIsAllowedOrPossible) {
  driver holds = after(three_alone, climbing_to(escalation::hold, remedy::restart_container));
  holds.to_watching();
  holds.fail_until_confirmed();
  EXPECT_EQ(phase_of(holds, "engine"), phase::holding);
  EXPECT_EQ(holds.in().in(), phase::watching);

  driver lacks = after(three_alone, climbing_to(escalation::restart_all_containers, remedy::restart_container));
  lacks.feed(event::support_found{support::missing, "no rule"});
  lacks.to_watching();
  lacks.fail_until_confirmed();
  EXPECT_FALSE(in_restart(lacks.in().in()));
  EXPECT_THAT(lacks.in().book().restarts, testing::SizeIs(3));

  driver above = after(three_alone, climbing_to(escalation::evict, remedy::restart_container));
  above.feed(event::support_found{support::missing, "no rule"});
  above.to_watching();
  above.fail_until_confirmed();
  EXPECT_EQ(above.in().in(), phase::evicting) << "the step between is left out where it cannot be taken";
}

TEST(Ladder, TwoRestartsOfAContainerAreNoReasonForAStepUp) {
  driver d = after({"engine", "engine"}, climbing_to(escalation::evict, remedy::restart_container));
  d.to_watching();
  d.fail_until_confirmed();
  EXPECT_EQ(phase_of(d, "engine"), phase::draining);
  EXPECT_EQ(d.in().in(), phase::watching);
}

TEST(Ladder, DoesNotClimbBecauseAContainerCannotBeRestartedAlone) {
  driver d(climbing_to(escalation::evict, remedy::restart_container));
  d.feed(event::support_found{support::missing, "another uid", "engine"});
  d.to_watching();
  d.fail_until_confirmed();
  EXPECT_EQ(phase_of(d, "engine"), phase::waiting);
  EXPECT_EQ(d.in().in(), phase::watching);
}

TEST(Ladder, EvictsAPodWhoseProcessNoSignalEndsWhereThatIsAllowed) {
  driver d(climbing_to(escalation::evict));
  d.to_quiescing();
  EXPECT_THAT(d.feed(event::diagnosed{"pid 17 is in uninterruptible sleep"}),
              AllOf(Contains("RestartImpossible"), Contains("[commit]")));
  EXPECT_EQ(d.in().in(), phase::evicting);

  driver holds;
  holds.to_quiescing();
  holds.feed(event::diagnosed{"pid 17 is in uninterruptible sleep"});
  EXPECT_EQ(holds.in().in(), phase::holding);
  holds.feed(event::obstacle_gone{"engine"});
  EXPECT_EQ(holds.in().in(), phase::holding) << "of another scope";
  EXPECT_THAT(holds.feed(event::obstacle_gone{"Pod"}), Contains("HoldEnded"));
  holds.later(seconds(1));
  holds.hangs();
  holds.later(seconds(1));
  holds.hangs();
  EXPECT_EQ(holds.in().in(), phase::draining) << "it is still ill, and goes on by itself";
}

TEST(Ladder, KeepsAnEvictionToTheBudget) {
  rules use = climbing_to(escalation::evict);
  use.budget.restarts = 3;
  driver d = after(three_of_pod, use);
  d.to_waiting_or_drain();
  EXPECT_EQ(d.in().in(), phase::holding);
  EXPECT_THAT(d.message_of("Holding"), HasSubstr("3 restarts within"));
}

TEST(Fallback, EvictsWhereTheKubeletLacksTheFeature) {
  driver d(falling_back_to(fallback::evict));
  d.feed(event::support_found{support::missing, "no rule"});
  EXPECT_THAT(d.message_of("RestartNotSupported"), HasSubstr("fallback: Evict"));
  d.to_waiting_or_drain();
  EXPECT_EQ(d.in().in(), phase::evicting);
  driver asked(falling_back_to(fallback::evict));
  asked.feed(event::support_found{support::missing, "no rule"});
  asked.to_watching();
  EXPECT_EQ(asked.request(), words{"[no]"}) << "a person who means an eviction asks the API for it";
}

TEST(Fallback, EndsAllContainersBySignalsAndGoesOnInTheSameLife) {
  driver d(falling_back_to(fallback::signal_all));
  d.feed(event::support_found{support::missing, "no rule"});
  d.feed(event::support_found{support::verified, "", {}, method::signal_all});
  d.to_commit();
  EXPECT_EQ(d.in().book().last()->by, method::signal_all);
  d.feed(event::committed{});
  d.later(seconds(1));
  EXPECT_THAT(d.feed(event::quiesced{}), Contains("[restart]"));
  EXPECT_EQ(d.in().in(), phase::recovering);
  EXPECT_FALSE(d.in().standing_of("engine")->passes()) << "the next process owes its first pass";
  d.feed(event::container_started{"engine", d.now()});
  d.passes();
  EXPECT_THAT(d.passes_for(seconds(20)), Contains("Recovered"));
}

TEST(Fallback, SignalsNothingBeforeItIsSeenThatAllMayBeSignalled) {
  driver d(falling_back_to(fallback::signal_all));
  d.feed(event::support_found{support::missing, "no rule"});
  d.to_waiting_or_drain();
  EXPECT_EQ(d.in().in(), phase::waiting);
  EXPECT_THAT(d.message_of("WouldRestartAllContainers"), HasSubstr("has not seen yet"));
  d.feed(event::support_found{support::missing, "container engine: another uid", {}, method::signal_all});
  EXPECT_THAT(d.message_of("RestartNotSupported"), HasSubstr("another uid"));
  EXPECT_EQ(d.in().in(), phase::waiting);
}

TEST(Fallback, IsRememberedAcrossLivesOnceTheKubeletHasNotHonouredTheExitCode) {
  driver d(falling_back_to(fallback::signal_all));
  d.feed(event::support_found{support::verified, "", {}, method::signal_all});
  d.to_exit();
  driver next = d.next_life(fate::unchanged);
  next.feed(event::exit_not_honoured{});
  next.feed(event::support_found{support::verified, "", {}, method::signal_all});
  next.later(seconds(100));
  next.to_commit();
  next.feed(event::committed{});
  next.feed(event::quiesced{});
  ASSERT_EQ(next.in().book().last()->by, method::signal_all);
  EXPECT_EQ(next.next_life().in().facts().can_restart, support::missing);
}

TEST(Fallback, CarriesARequestOutBySignals) {
  driver d(falling_back_to(fallback::signal_all));
  d.feed(event::support_found{support::missing, "no rule"});
  d.feed(event::support_found{support::verified, "", {}, method::signal_all});
  d.to_watching();
  EXPECT_THAT(d.request(), AllOf(Contains("[yes]"), Contains("[drain]")));
}

}  // namespace
}  // namespace podmedic::policy
