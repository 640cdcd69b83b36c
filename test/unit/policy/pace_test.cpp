#include "supervisor/policy/pace.hpp"

#include <gtest/gtest.h>

namespace podmedic::policy {
namespace {

using namespace std::chrono_literals;

verdict busy(milliseconds asked_for) {
  return unknown{.why = {"TargetBusy", ""}, .busy = asked_for};
}

TEST(pace, is_the_period_unless_the_target_is_busy) {
  pace of;
  for (const verdict& found : {verdict(pass{}), verdict(fail{}), verdict(unknown{})})
    EXPECT_EQ(of.after(found, 2s), 2s);
}

TEST(pace, of_a_busy_target_is_what_it_asks_for_within_bounds) {
  pace of;
  EXPECT_EQ(of.after(busy(7s), 2s), 7s);
  EXPECT_EQ(of.after(busy(1s), 2s), 2s) << "not sooner than usual";
  EXPECT_EQ(of.after(busy(600s), 2s), 60s) << "it might never be asked again";
  EXPECT_EQ(of.after(busy(600s), 90s), 90s) << "a period of the user's own is kept";
}

TEST(pace, of_a_target_that_does_not_say_how_long_doubles_up_to_a_minute_and_begins_anew) {
  pace of;
  const milliseconds expected[] = {4s, 8s, 16s, 32s, 60s, 60s};
  for (const milliseconds each : expected) EXPECT_EQ(of.after(busy(0s), 2s), each);
  EXPECT_EQ(of.after(pass{}, 2s), 2s);
  EXPECT_EQ(of.after(busy(0s), 2s), 4s);
}

}  // namespace
}  // namespace podmedic::policy
