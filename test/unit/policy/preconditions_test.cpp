// What somebody outside says before a restart: who is asked when, and what each answer means.
#include "test/unit/policy/medic_driver.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace podmedic::policy {
namespace {

using answer = event::preconditions_answered::answer;
using test::driver;
using test::words;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

rules with_preconditions(on_unreachable silence = on_unreachable::wait, std::size_t count = 1) {
  rules use = driver::usual();
  use.preconditions.assign(count, precondition_rules{"an alert", silence});
  return use;
}

words answered(driver& d, answer found, std::string message = "alert NodeDown fires") {
  return d.feed(event::preconditions_answered{{{found, std::move(message)}}});
}

/// The server hangs for so long, each asking is answered so at once; how many restarts began to drain.
int drains_within(driver& d, milliseconds span, answer found) {
  int drains = 0;
  for (milliseconds done{0}; done < span; done += seconds(1)) {
    d.later(seconds(1));
    words said = d.hangs();
    if (std::count(said.begin(), said.end(), "[ask preconditions]") != 0) {
      for (std::string& word : answered(d, found)) said.push_back(std::move(word));
    }
    drains += static_cast<int>(std::count(said.begin(), said.end(), "[drain]"));
  }
  return drains;
}

TEST(Preconditions, AreAskedOnceARestartIsWantedAndNotBefore) {
  driver d(with_preconditions());
  d.to_watching();
  EXPECT_THAT(d.passes_for(seconds(30)), IsEmpty());
  for (int i = 0; i < 3; ++i) EXPECT_THAT(d.hangs(), Not(Contains("[ask preconditions]")));
  EXPECT_THAT(d.hangs(), AllOf(Contains("[ask preconditions]"), Not(Contains("[drain]"))));
}

TEST(Preconditions, LetTheRestartBeginAtTheMomentTheyHold) {
  driver d(with_preconditions());
  d.to_waiting_or_drain();
  EXPECT_THAT(answered(d, answer::holds), Contains("[drain]"));
}

TEST(Preconditions, ThatRefuseForbidTheRestartAndAreToldOnce) {
  driver d(with_preconditions());
  d.to_waiting_or_drain();
  EXPECT_THAT(answered(d, answer::refuses), Contains("WaitingToRestart"));
  EXPECT_THAT(d.message_of("WaitingToRestart"), HasSubstr("alert NodeDown fires"));
  EXPECT_EQ(reasons_of(d.in().refusals(d.now(), d.wall())), "PreconditionNotMet");
  d.later(seconds(30));
  EXPECT_THAT(d.hangs(), AllOf(Contains("[ask preconditions]"), Not(Contains("WaitingToRestart"))));
  EXPECT_THAT(answered(d, answer::refuses), Not(Contains("WaitingToRestart")));
  d.later(seconds(30));
  d.hangs();
  EXPECT_THAT(answered(d, answer::holds), Contains("[drain]"));
}

TEST(Preconditions, AreAskedAgainNoSoonerThanHalfAMinuteAfterARefusal) {
  driver d(with_preconditions());
  d.to_waiting_or_drain();
  answered(d, answer::refuses);
  d.later(seconds(29));
  EXPECT_THAT(d.hangs(), Not(Contains("[ask preconditions]")));
  EXPECT_EQ(d.in().wake_at(d.now()), d.now() + seconds(1));
}

TEST(Preconditions, ThatCannotBeAskedForbidTheRestartForAsLongAsThatLasts) {
  driver d(with_preconditions());
  d.to_waiting_or_drain();
  EXPECT_THAT(answered(d, answer::silent, "connection refused"), Contains("WaitingToRestart"));
  EXPECT_THAT(d.message_of("WaitingToRestart"), HasSubstr("connection refused (onUnreachable: Wait)"));
  EXPECT_EQ(drains_within(d, std::chrono::hours(1), answer::silent), 0);
  EXPECT_EQ(drains_within(d, seconds(11), answer::holds), 1);
}

TEST(Preconditions, ThatCannotBeAskedArePassedOverAfterHalfAMinuteWhereTheUserSaidSo) {
  driver d(with_preconditions(on_unreachable::proceed));
  d.to_waiting_or_drain();
  answered(d, answer::silent);
  EXPECT_EQ(drains_within(d, seconds(29), answer::silent), 0) << "one answer that is lost is none's consent";
  EXPECT_EQ(drains_within(d, seconds(1), answer::silent), 1);
}

TEST(Preconditions, ThatRefusedAreNotPassedOverBySilenceAtOnce) {
  driver d(with_preconditions(on_unreachable::proceed));
  d.to_waiting_or_drain();
  answered(d, answer::refuses);
  EXPECT_EQ(drains_within(d, seconds(29), answer::silent), 0);
}

TEST(Preconditions, AllHaveToHold) {
  driver d(with_preconditions(on_unreachable::wait, 2));
  d.to_waiting_or_drain();
  EXPECT_THAT(d.feed(event::preconditions_answered{{{answer::holds}, {answer::refuses, "no spare capacity"}}}),
              Not(Contains("[drain]")));
  EXPECT_THAT(messages_of(d.in().refusals(d.now(), d.wall())), "no spare capacity");
}

TEST(Preconditions, ThatRefuseWhileItDrainsCallTheRestartOffWithTheCancelledHooks) {
  driver d(with_preconditions());
  d.to_waiting_or_drain();
  answered(d, answer::holds);
  d.later(seconds(10));
  EXPECT_THAT(d.hangs(), Contains("[ask preconditions]")) << "the drain lasts, and so they are asked again";
  EXPECT_THAT(answered(d, answer::refuses), AllOf(Contains("[stop, with hooks]"), Contains("WaitingToRestart")));
  EXPECT_EQ(d.in().in(), phase::waiting);
}

TEST(Preconditions, AreHeededUntilTheLedgerIsWritten) {
  driver d(with_preconditions());
  d.to_waiting_or_drain();
  answered(d, answer::holds);
  d.later(seconds(10));
  d.hangs();  // asked
  d.feed(event::drained{});
  d.feed(event::diagnosed{});
  ASSERT_EQ(d.in().in(), phase::restarting);
  answered(d, answer::refuses);
  EXPECT_THAT(d.feed(event::committed{}), AllOf(Contains("Cancelled"), Not(Contains("[quiesce]"))));
  EXPECT_EQ(d.in().book().last()->ended, outcome::not_executed);
}

TEST(Preconditions, ThatWereHeardTooLongAgoDoNotCount) {
  driver d(with_preconditions());
  d.to_waiting_or_drain();
  answered(d, answer::holds);
  d.later(seconds(20));
  d.hangs();  // asked, and not answered: the shell is late
  d.later(seconds(10));
  d.feed(event::drained{});
  EXPECT_THAT(d.feed(event::diagnosed{}), AllOf(Contains("[stop, with hooks]"), Not(Contains("[commit]"))));
}

TEST(Preconditions, AreForgottenWithTheIllnessThatTheyWereAskedFor) {
  driver d(with_preconditions());
  d.to_waiting_or_drain();
  answered(d, answer::refuses);
  d.passes();
  EXPECT_EQ(d.in().in(), phase::watching);
  EXPECT_THAT(d.in().refusals(d.now(), d.wall()), IsEmpty());
}

TEST(Preconditions, AreNotAskedWhereSomethingElseForbidsTheRestart) {
  rules use = with_preconditions();
  use.paused_until = wall_time(std::chrono::hours(500'001));
  driver d(use);
  d.to_waiting_or_drain();
  EXPECT_EQ(d.in().in(), phase::waiting);
  d.later(std::chrono::minutes(5));
  EXPECT_THAT(d.hangs(), Not(Contains("[ask preconditions]")));
}

TEST(Preconditions, OfARequestThatRefuseEndItSinceAWishDoesNotOutliveItsDay) {
  driver d(with_preconditions());
  d.to_watching();
  EXPECT_THAT(d.request(), AllOf(Contains("[yes]"), Contains("[ask preconditions]")));
  EXPECT_THAT(d.answer(), HasSubstr("asking the preconditions"));
  EXPECT_THAT(answered(d, answer::refuses), Contains("Cancelled"));
  EXPECT_THAT(d.message_of("Cancelled"), HasSubstr("alert NodeDown fires"));
}

TEST(Preconditions, WithAMistakeNeverHoldAndAreNeverAsked) {
  rules use = with_preconditions();
  use.preconditions = {precondition_rules{}};
  driver d(use);
  d.to_waiting_or_drain();
  EXPECT_EQ(reasons_of(d.in().refusals(d.now(), d.wall())), "PreconditionUnknown");
  d.later(std::chrono::minutes(5));
  EXPECT_THAT(d.hangs(), AllOf(Not(Contains("[ask preconditions]")), Not(Contains("[drain]"))));
}

TEST(Preconditions, AreAskedBeforeAnEvictionToo) {
  rules use = with_preconditions();
  use.without_support = fallback::evict;
  driver d(use);
  d.feed(event::support_found{support::missing, "no rule"});
  d.to_waiting_or_drain();
  EXPECT_EQ(d.in().in(), phase::waiting);
  EXPECT_THAT(answered(d, answer::holds), Contains("[commit]"));
  EXPECT_THAT(d.feed(event::committed{}), Contains("[evict]"));
}

}  // namespace
}  // namespace podmedic::policy
