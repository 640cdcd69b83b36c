// Metric bounds as a part of recovery, and what a restart's entry tells of before and after.
#include "test/unit/policy/medic_driver.hpp"

#include <gmock/gmock.h>

namespace podmedic::policy {
namespace {

using test::driver;
using test::words;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

rules with_a_metric() {
  rules use = driver::usual();
  use.success.metrics = {"errors / requests"};
  return use;
}

words read(driver& d, double value, const std::string& why_not = "") {
  return d.feed(event::success_metrics_read{{{value, why_not}}});
}

/// Passes each second; each reading is answered so. All words but those of the reading.
words passes_for(driver& d, milliseconds span, double value, const std::string& why_not = "") {
  words all;
  for (milliseconds done{0}; done < span; done += seconds(1)) {
    d.later(seconds(1));
    words said = d.passes();
    if (std::erase(said, "[read metrics]") != 0) {
      for (std::string& word : read(d, value, why_not)) said.push_back(std::move(word));
    }
    all.insert(all.end(), said.begin(), said.end());
  }
  return all;
}

driver restarted(rules use = with_a_metric()) {
  driver before(std::move(use));
  before.to_exit();
  return before.next_life();
}

TEST(SuccessMetrics, AreReadOnlyWhileTheOutcomeOfARestartIsOpen) {
  driver d(with_a_metric());
  EXPECT_THAT(d.passes_for(seconds(60)), Not(Contains("[read metrics]")));
  driver next = restarted();
  EXPECT_THAT(next.hangs(), Not(Contains("[read metrics]"))) << "it does not pass yet";
  EXPECT_THAT(next.passes(), Contains("[read metrics]"));
  next.later(seconds(4));
  EXPECT_THAT(next.passes(), Not(Contains("[read metrics]"))) << "one reading at a time";
  read(next, 0);
  EXPECT_THAT(passes_for(next, seconds(25), 0), Contains("Recovered"));
  EXPECT_THAT(next.passes_for(seconds(60)), Not(Contains("[read metrics]")));
}

TEST(SuccessMetrics, ThatAreNotKeptStandAgainstRecoveryAndAreToldOnce) {
  driver d = restarted();
  words said = passes_for(d, seconds(300), 0.5, "errors / requests is 0.5, atMost is 0.01");
  EXPECT_EQ(std::count(said.begin(), said.end(), "NotRecoveredYet"), 1);
  EXPECT_THAT(said, Not(Contains("Recovered")));
  EXPECT_EQ(d.in().book().last()->ended, outcome::pending);
  EXPECT_TRUE(d.in().book().last()->first_pass) << "which asks for probes alone";
  EXPECT_THAT(passes_for(d, seconds(19), 0), Not(Contains("Recovered")));
  EXPECT_THAT(passes_for(d, seconds(10), 0), Contains("Recovered")) << "kept for as long as the probes have to pass";
  EXPECT_EQ(d.in().book().last()->metrics_after, (std::map<std::string, double>{{"errors / requests", 0}}));
}

TEST(SuccessMetrics, OnceOutOfBoundsBeginTheStableTimeAnew) {
  driver d = restarted();
  passes_for(d, seconds(15), 0);
  passes_for(d, seconds(6), 1, "errors / requests is 1");
  EXPECT_THAT(passes_for(d, seconds(18), 0), Not(Contains("Recovered")));
  EXPECT_THAT(passes_for(d, seconds(10), 0), Contains("Recovered"));
}

TEST(SuccessMetrics, ThatNobodyReadsKeepNoBound) {
  driver d = restarted();
  EXPECT_THAT(d.passes_for(seconds(300)), Not(Contains("Recovered")));
  EXPECT_EQ(d.in().book().last()->ended, outcome::pending);
}

TEST(SuccessMetrics, HaveToBeKeptForAHoldToEnd) {
  rules use = with_a_metric();
  use.unrecovered_limit = 1;
  driver d = restarted(use);
  d.passes();
  read(d, 0);
  d.fail_until_confirmed();
  ASSERT_EQ(d.in().in(), phase::holding);
  EXPECT_THAT(passes_for(d, seconds(60), 1, "too many errors"), Not(Contains("HoldEnded")));
  EXPECT_THAT(passes_for(d, seconds(30), 0), Contains("HoldEnded"));
}

TEST(ARestart, TellsHowLongChecksTookBeforeAndAfterIt) {
  driver before;
  for (int i = 0; i < 10; ++i) before.feed(event::check_done{"engine", pass{}, milliseconds(900)});
  before.fail_until_confirmed();
  before.feed(event::drained{});
  before.feed(event::diagnosed{{}, {{"queue", 7}}});
  before.feed(event::committed{});
  before.feed(event::quiesced{});
  driver d = before.next_life();
  for (int i = 0; i < 30; ++i) {
    d.later(seconds(1));
    d.feed(event::check_done{"engine", pass{}, milliseconds(20)});
    if (d.in().book().last()->recovery) break;
  }
  EXPECT_THAT(d.message_of("Recovered"), HasSubstr("99 % of the checks took at most 20 ms, before 900 ms"));
  const restart_record& r = *d.in().book().last();
  EXPECT_EQ(r.latency_before, (latency{milliseconds(900), milliseconds(900), 10}));
  EXPECT_EQ(r.latency_after->p99, milliseconds(20));
  EXPECT_EQ(r.metrics_before, (std::map<std::string, double>{{"queue", 7}}));
  EXPECT_THAT(r.metrics_after, IsEmpty());
}

TEST(ARestart, TellsWhenItsContainersWereUp) {
  rules use = driver::usual();
  use.probes.push_back({.name = "proxy", .container = "proxy"});
  driver before(use);
  before.passes("proxy");
  before.to_exit();
  const instant exit = before.in().book().last()->at;
  driver d = before.next_life();
  EXPECT_FALSE(d.in().book().last()->containers_up) << "one of two";
  d.later(seconds(6));
  d.feed(event::container_started{"proxy", d.now()});
  EXPECT_EQ(d.in().book().last()->containers_up, d.now() - exit);
  d.later(seconds(1));
  d.feed(event::container_started{"proxy", d.now()});
  EXPECT_EQ(d.in().book().last()->containers_up, d.now() - seconds(1) - exit) << "a later start is another matter";
}

}  // namespace
}  // namespace podmedic::policy
