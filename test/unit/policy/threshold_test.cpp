#include "supervisor/policy/threshold.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace podmedic::policy {
namespace {

constexpr instant start{seconds(1000)};
constexpr milliseconds warm_up = seconds(60);

threshold make(int failures, int successes) {
  return {{.name = "engine", .container = "", .failure_threshold = failures, .success_threshold = successes},
          start,
          warm_up};
}

/// One letter a check, a second apart: p(ass), h(angs), n(o), u(nknown).
void count(threshold& t, std::string_view checks, instant from = start) {
  for (const char c : checks) {
    from += seconds(1);
    if (c == 'p') t.count(pass{}, from);
    if (c == 'h') t.count(fail{{"Deadline", "no answer"}, false}, from);
    if (c == 'n') t.count(fail{{"Refused", "it says no"}, true}, from);
    if (c == 'u') t.count(unknown{{"NoProcess", "nobody there"}}, from);
  }
}

TEST(Threshold, StandsAsItsChecksSay) {
  struct row {
    const char* checks;
    int failures, successes;
    standing expected;
  };
  const std::vector<row> rows{
      {"", 3, 1, standing::unproven},  // nothing was learned
      {"u", 3, 1, standing::unproven},
      {"p", 3, 1, standing::healthy},
      {"p", 3, 2, standing::unproven},  // one pass of two
      {"pp", 3, 2, standing::healthy},
      {"phh", 3, 1, standing::healthy},  // two failures of three
      {"phhh", 3, 1, standing::failing},
      {"ph", 1, 1, standing::failing},
      {"phhphh", 3, 1, standing::healthy},    // not in a row
      {"phhuh", 3, 1, standing::failing},     // Unknown does not break a row
      {"phhuuuuu", 3, 1, standing::healthy},  // nor does it make one
      {"phhhuuu", 3, 1, standing::failing},   // nor does it heal
      {"phhhp", 3, 1, standing::healthy},
      {"pphhhp", 3, 2, standing::failing},    // one pass of two does not end an illness
      {"pphhhpup", 3, 2, standing::healthy},  // Unknown does not break a row of passes
      {"pphhhphp", 3, 2, standing::failing},
      {"phnh", 3, 1, standing::failing},      // failures of either kind
      {"hhhhhh", 3, 1, standing::unproven},   // warming up
      {"hhhhp", 3, 1, standing::healthy},     // and warm now
      {"hhhhphhh", 3, 1, standing::failing},  // failures before the first pass are forgotten
  };
  for (const row& r : rows) {
    threshold t = make(r.failures, r.successes);
    count(t, r.checks);
    EXPECT_EQ(t.stands(), r.expected) << r.checks << " with " << r.failures << " and " << r.successes;
  }
}

TEST(Threshold, CountsFailuresFromTheLimitOfWarmUpOn) {
  threshold t = make(3, 1);
  count(t, "h", start + warm_up - seconds(1) - milliseconds(1));  // 1 ms before it
  EXPECT_EQ(t.failures_in_a_row(), 0);
  EXPECT_TRUE(t.warming_up(start + warm_up - milliseconds(1)));
  EXPECT_FALSE(t.warming_up(start + warm_up));
  count(t, "hhh", start + warm_up - seconds(1));  // the first one exactly at it
  EXPECT_EQ(t.stands(), standing::failing);
  EXPECT_EQ(t.failing_since(), start + warm_up);
}

TEST(Threshold, BeginsAnewWithANewMainProcess) {
  threshold t = make(3, 1);
  count(t, "phhh");
  const instant again = start + seconds(100);
  t.container_started(again, warm_up);
  EXPECT_EQ(t.stands(), standing::unproven);
  EXPECT_FALSE(t.failing_since());
  count(t, "hhhh", again);
  EXPECT_EQ(t.stands(), standing::unproven) << "it warms up again";
}

TEST(Threshold, MeasuresWarmUpOnlyOfAStartThatItLivedToSee) {
  threshold assumed = make(3, 1);
  count(assumed, "p");
  EXPECT_FALSE(assumed.warm_up()) << "nobody told when the container started";

  threshold older = make(3, 1);
  older.container_started(start - milliseconds(1), warm_up);
  count(older, "p");
  EXPECT_FALSE(older.warm_up()) << "it may have passed long ago";

  threshold seen = make(3, 1);
  seen.container_started(start, warm_up);
  count(seen, "hhp");
  EXPECT_EQ(seen.warm_up(), seconds(3));
}

TEST(Threshold, AnOldContainerHasNoWarmUpLeft) {
  threshold t = make(3, 1);
  t.container_started(start - warm_up, warm_up);
  count(t, "hhh");
  EXPECT_EQ(t.stands(), standing::failing);
}

TEST(Threshold, KnowsSinceWhenItsTargetAnswersNoWithoutABreak) {
  struct row {
    const char* checks;
    std::optional<int> seconds_after_start;
  };
  const std::vector<row> rows{
      {"pn", 2},
      {"pnnn", 2},
      {"pnun", 2},             // Unknown is no break
      {"pnnp", std::nullopt},  // it works
      {"pnnh", std::nullopt},  // it hangs: that is no closing server
      {"pnhn", 4},
      {"n", std::nullopt},  // warming up
  };
  for (const row& r : rows) {
    threshold t = make(3, 1);
    count(t, r.checks);
    std::optional<instant> expected;
    if (r.seconds_after_start) expected = start + seconds(*r.seconds_after_start);
    EXPECT_EQ(t.answering_no_since(), expected) << r.checks;
  }
}

TEST(Threshold, IsWellWhenItPassesOrCouldNeverBeAsked) {
  struct row {
    const char* checks;
    bool well;
  };
  const std::vector<row> rows{
      {"", false},                                                                   // nobody has asked yet
      {"u", true},      {"p", true},   {"pu", true}, {"ph", false}, {"phu", false},  // it failed when it was last asked
      {"phhhu", false}, {"hu", false},                                               // in its warm-up, too
      {"pup", true},
  };
  for (const row& r : rows) {
    threshold t = make(3, 1);
    count(t, r.checks);
    EXPECT_EQ(t.well(), r.well) << r.checks;
  }
}

TEST(Threshold, TakesLiveEditsAndKeepsItsCounts) {
  threshold t = make(5, 1);
  count(t, "phhh");
  t.use({.name = "engine", .container = "", .failure_threshold = 4, .success_threshold = 2});
  EXPECT_EQ(t.stands(), standing::healthy) << "no check, no change";
  count(t, "h");
  EXPECT_EQ(t.stands(), standing::failing);
  count(t, "p");
  EXPECT_EQ(t.stands(), standing::failing);
}

TEST(Threshold, KnowsHowLongTheChecksTookThatPassedSinceTheContainerStarted) {
  threshold t = make(3, 1);
  EXPECT_FALSE(t.passed_in());
  for (int i = 1; i <= 50; ++i) t.count(pass{}, start, milliseconds(i));
  t.count(fail{{"Deadline", "no answer"}, false}, start, milliseconds(1000));
  t.count(unknown{{"NoProcess", "nobody there"}}, start, milliseconds(2000));
  t.count(pass{}, start);  // nobody said how long
  EXPECT_EQ(t.passed_in(), (latency{milliseconds(25), milliseconds(50), 50}));
  for (int i = 101; i <= 200; ++i) t.count(pass{}, start, milliseconds(i));
  EXPECT_EQ(t.passed_in(), (latency{milliseconds(150), milliseconds(199), 100})) << "the last hundred alone";
  t.count(pass{}, start, milliseconds(500));
  EXPECT_EQ(t.passed_in()->p50, milliseconds(151)) << "the newest takes the place of the oldest";
  t.container_started(start + seconds(9), warm_up);
  EXPECT_FALSE(t.passed_in());
}

}  // namespace
}  // namespace podmedic::policy
