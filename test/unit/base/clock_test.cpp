#include "base/clock.hpp"

#include <gtest/gtest.h>

#include <time.h>

namespace podmedic {
namespace {

using namespace std::chrono_literals;

TEST(clock, writes_a_wall_time_as_rfc_3339_in_utc_with_milliseconds) {
  struct row {
    wall_time time;
    std::string text;
  };
  const row rows[] = {
      {wall_time(0ms), "1970-01-01T00:00:00.000Z"},
      {wall_time(1'769'848'200'250ms), "2026-01-31T08:30:00.250Z"},  // date -u -d @1769848200
      {wall_time(951'782'399'999ms), "2000-02-28T23:59:59.999Z"},
      {wall_time(951'782'400'000ms), "2000-02-29T00:00:00.000Z"},  // a leap day
      {wall_time(-1ms), "1969-12-31T23:59:59.999Z"},               // a clock that was never set
  };
  for (const row& each : rows) EXPECT_EQ(to_rfc3339(each.time), each.text);
}

TEST(clock, writes_a_duration_for_people) {
  struct row {
    milliseconds duration;
    std::string text;
  };
  const row rows[] = {
      {0ms, "0 ms"},         {250ms, "250 ms"},   {999ms, "999 ms"},
      {1'000ms, "1 s"},      {1'700ms, "1.7 s"},  {59'990ms, "59.9 s"},  // cut: never "60.0 s"
      {60s, "1 min"},        {125s, "2 min 5 s"}, {1h, "1 h"},
      {90min, "1 h 30 min"}, {49h, "49 h"},       {-250ms, "-250 ms"},
  };
  for (const row& each : rows) EXPECT_EQ(to_text(each.duration), each.text);
}

TEST(clock, boot_time_is_the_clock_that_counts_through_suspend) {
  timespec before{};
  timespec after{};
  ::clock_gettime(CLOCK_BOOTTIME, &before);
  const instant between = boot_now();
  ::clock_gettime(CLOCK_BOOTTIME, &after);
  EXPECT_GE(between.time_since_epoch().count(), before.tv_sec * 1'000 + before.tv_nsec / 1'000'000);
  EXPECT_LE(between.time_since_epoch().count(), after.tv_sec * 1'000 + after.tv_nsec / 1'000'000);
}

TEST(clock, the_boot_id_is_a_uuid_and_stays) {
  EXPECT_EQ(boot_id().size(), 36u);
  EXPECT_EQ(boot_id(), boot_id());
}

}  // namespace
}  // namespace podmedic
