#include "supervisor/simulation/course.hpp"
#include "supervisor/simulation/optimum.hpp"
#include "supervisor/simulation/report.hpp"

#include <gtest/gtest.h>

namespace podmedic::simulation {
namespace {

using namespace std::chrono_literals;

/// Three replicas that serve since before the begin, at 100 s; 720 s follow, a column a second.
course three_that_serve() {
  course seen(3, 100s, 720s);
  for (int i = 0; i < 3; ++i) seen.serves(i, 50s, true);
  return seen;
}

TEST(course, time_to_heal_lasts_until_the_last_that_fell_ill_serves_again_for_the_first_time) {
  course seen = three_that_serve();
  seen.fell_ill(0, 110s);
  seen.serves(0, 110s, false);
  seen.fell_ill(1, 120s);
  seen.serves(1, 120s, false);
  seen.serves(0, 130s, true);
  EXPECT_EQ(seen.time_to_heal(), std::nullopt) << "one is still ill";
  seen.serves(1, 150s, true);
  seen.serves(1, 160s, false);  // for another reason
  EXPECT_EQ(seen.time_to_heal(), 40s);
  EXPECT_EQ(seen.fell_ill(), 2);
}

TEST(course, peak_and_columns_count_what_lasted_for_some_time_and_not_the_lead_in) {
  course seen = three_that_serve();
  EXPECT_EQ(seen.peak_unavailable(), 0) << "none served at first, before the begin";
  seen.serves(0, 110s, false);
  seen.serves(1, 115s, false);
  seen.serves(0, 115s, true);  // in the same moment: never two at once
  seen.serves(1, 116s, true);
  seen.ended();
  EXPECT_EQ(seen.peak_unavailable(), 1);
  EXPECT_EQ(seen.unavailable()[9], 0);
  EXPECT_EQ(seen.unavailable()[10], 1);
  EXPECT_EQ(seen.unavailable()[15], 1);
  EXPECT_EQ(seen.unavailable()[16], 0);
}

TEST(course, restarts_of_the_lead_in_are_none) {
  course seen = three_that_serve();
  seen.restarted(2, 99s);
  seen.restarted(2, 101s);
  seen.restarted(2, 102s);
  seen.restarted(0, 102s);
  EXPECT_EQ(seen.restarts(), 3U);
  EXPECT_EQ(seen.most_restarts(), 2U);
}

TEST(optimum, is_detection_and_a_turn_for_each_group_of_so_many_slots) {
  plan what;
  what.rules.probes = {{.name = "server", .failure_threshold = 3}};
  what.period = 10s;
  what.timeout = 1s;
  what.restart_takes = 5s;
  what.warm_up = 120s;
  EXPECT_EQ(optimum(what, 0, 1, 60s), 0s);
  EXPECT_EQ(optimum(what, 1, 1, 60s), 31s + 185s);
  EXPECT_EQ(optimum(what, 5, 2, 60s), 31s + 3 * 185s);
  EXPECT_EQ(optimum(what, 100, 100, 0s), 31s + 125s);
}

TEST(report, says_spans_as_people_do) {
  EXPECT_EQ(to_text(500ms), "0.5 s");
  EXPECT_EQ(to_text(41s), "41 s");
  EXPECT_EQ(to_text(12min + 3s), "12 min 3 s");
  EXPECT_EQ(to_text(2h), "2 h");
  EXPECT_EQ(to_text(3h + 20min), "3 h 20 min");
}

}  // namespace
}  // namespace podmedic::simulation
