#include "supervisor/config/rfc3339.hpp"
#include "supervisor/config/windows.hpp"
#include "supervisor/policy/arbiter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmedic::config {
namespace {

using namespace std::chrono_literals;
using policy::window;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int hour = 60;
constexpr int day = 24 * hour;

wall_time at(std::chrono::year_month_day date, milliseconds since_midnight) {
  return wall_time{std::chrono::sys_days{date}} + since_midnight;
}

TEST(rfc3339, is_read_with_every_offset_and_fraction) {
  using std::chrono::December;
  using std::chrono::February;
  using std::chrono::November;
  const std::pair<std::string_view, wall_time> rows[] = {
      {"2026-12-01T08:00:00Z", at(2026y / December / 1, 8h)},
      {"2026-12-01t08:00:00z", at(2026y / December / 1, 8h)},
      {"2026-12-01T08:00:00.25Z", at(2026y / December / 1, 8h + 250ms)},
      {"2026-12-01T08:00:00.123987654Z", at(2026y / December / 1, 8h + 123ms)},
      {"2026-12-01T08:00:00+01:30", at(2026y / December / 1, 6h + 30min)},
      {"2026-12-01T00:30:00+01:00", at(2026y / November / 30, 23h + 30min)},
      {"2026-12-01T08:00:00-02:00", at(2026y / December / 1, 10h)},
      {"2028-02-29T23:59:59Z", at(2028y / February / 29, 24h - 1s)},  // a leap year
  };
  for (const auto& [text, time] : rows) EXPECT_EQ(read_rfc3339(text), time) << text;
}

TEST(rfc3339, that_is_no_time_is_none) {
  for (const std::string_view text : {"",
                                      "2026-12-01",
                                      "2026-12-01T08:00:00",   // no time, no zone
                                      "2026-12-01 08:00:00Z",  // no T
                                      "2026-13-01T08:00:00Z",
                                      "2026-02-29T08:00:00Z",
                                      "2026-00-01T08:00:00Z",
                                      "2026-04-31T08:00:00Z",
                                      "2026-12-01T24:00:00Z",
                                      "2026-12-01T08:60:00Z",
                                      "2026-12-01T08:00:60Z",
                                      "2026-12-01T08:00:00.Z",
                                      "2026-12-01T08:00Z",
                                      "26-12-01T08:00:00Z",
                                      "2026-12-01T08:00:00+1:00",
                                      "2026-12-01T08:00:00+24:00",
                                      "2026-12-01T08:00:00Zjunk",
                                      "tomorrow",
                                      "1764576000",
                                      "-026-12-01T08:00:00Z"}) {
    EXPECT_EQ(read_rfc3339(text), std::nullopt) << text;
  }
}

std::vector<window> windows(std::string_view text) {
  const auto result = read_windows(text);
  EXPECT_TRUE(std::holds_alternative<std::vector<window>>(result)) << text;
  if (const auto* all = std::get_if<std::vector<window>>(&result)) return *all;
  return {};
}

TEST(windows, are_one_for_each_day) {
  EXPECT_THAT(windows("Mon 02:00-05:30"), ElementsAre(window{2 * hour, 5 * hour + 30}));
  EXPECT_THAT(windows("Mon-Wed 02:00-05:00"),
              ElementsAre(window{2 * hour, 5 * hour}, window{day + 2 * hour, day + 5 * hour},
                          window{2 * day + 2 * hour, 2 * day + 5 * hour}));
  EXPECT_THAT(windows("Sat,Sun 00:00-24:00"), ElementsAre(window{5 * day, 6 * day}, window{6 * day, 7 * day}));
  EXPECT_EQ(windows("* 01:00-02:00").size(), 7U);
  EXPECT_THAT(windows("Tue,Mon-Tue 01:00-02:00").size(), 2U);  // each day once
  EXPECT_THAT(windows("Sat-Mon 01:00-02:00"),                  // over the end of the week
              ElementsAre(window{hour, 2 * hour}, window{5 * day + hour, 5 * day + 2 * hour},
                          window{6 * day + hour, 6 * day + 2 * hour}));
}

TEST(windows, over_midnight_end_on_the_next_day) {
  EXPECT_THAT(windows("Fri 22:00-03:00"), ElementsAre(window{4 * day + 22 * hour, 5 * day + 3 * hour}));
  EXPECT_THAT(windows("Sun 22:00-03:00"), ElementsAre(window{6 * day + 22 * hour, 3 * hour}));
  EXPECT_THAT(windows("Mon 22:00-00:00"), ElementsAre(window{22 * hour, day}));
}

// That both sides of the interface mean the same: policy asks with what is read here.
TEST(windows, are_open_at_the_times_they_say) {
  using std::chrono::January;
  const auto monday = 2026y / January / 5;
  const auto sunday = 2026y / January / 4;
  EXPECT_TRUE(policy::in_window(windows("Mon 02:00-05:00"), at(monday, 2h)));
  EXPECT_TRUE(policy::in_window(windows("Mon 02:00-05:00"), at(monday, 5h - 1ms)));
  EXPECT_FALSE(policy::in_window(windows("Mon 02:00-05:00"), at(monday, 5h)));
  EXPECT_FALSE(policy::in_window(windows("Mon 02:00-05:00"), at(sunday, 3h)));
  EXPECT_TRUE(policy::in_window(windows("Sun 22:00-03:00"), at(sunday, 23h)));
  EXPECT_TRUE(policy::in_window(windows("Sun 22:00-03:00"), at(monday, 2h)));
  EXPECT_FALSE(policy::in_window(windows("Sun 22:00-03:00"), at(monday, 3h)));
  EXPECT_TRUE(policy::in_window(windows("Sun 00:00-24:00"), at(sunday, 24h - 1ms)));
  EXPECT_FALSE(policy::in_window(windows("Sun 00:00-24:00"), at(monday, 0h)));
}

TEST(windows, that_are_never_open_are_closed_at_every_minute_of_a_week) {
  using std::chrono::January;
  const wall_time begin = at(2026y / January / 1, 0h);
  for (auto minute = 0min; minute < 7 * 24h; ++minute) ASSERT_FALSE(policy::in_window({never}, begin + minute));
}

TEST(windows, that_are_none_say_what_was_expected) {
  const std::pair<std::string_view, std::string> rows[] = {
      {"", "expected days and times in UTC"},
      {"Mon-Fri", "expected days and times in UTC"},
      {"02:00-05:00", "expected days and times in UTC"},
      {"Mon-Fri ", "expected days and times in UTC"},
      {"mon 02:00-05:00", "did you mean Mon?"},
      {"Mon,Tus 02:00-05:00", "found \"Tus\"; did you mean Tue?"},
      {"Mon-* 02:00-05:00", "expected Mon, Tue, Wed, Thu, Fri, Sat, Sun or *, found \"*\""},
      {"Mon, 02:00-05:00", "found \"\""},
      {"Mon- 02:00-05:00", "found \"\""},
      {"Montag 02:00-05:00", "found \"Montag\""},
      {"Mon 2:00-5:00", "expected days and times in UTC"},
      {"Mon 02:00", "expected days and times in UTC"},
      {"Mon 02:60-05:00", "expected days and times in UTC"},
      {"Mon 02:00-24:01", "expected days and times in UTC"},
      {"Mon 24:00-05:00", "expected days and times in UTC"},
      {"Mon 02:00-05:00 Tue", "expected days and times in UTC"},
      {"Mon +2:00-05:00", "expected days and times in UTC"},
      {"Mon 05:00-05:00", "is empty; the whole day is 00:00-24:00"},
  };
  for (const auto& [text, message] : rows) {
    const auto result = read_windows(text);
    ASSERT_TRUE(std::holds_alternative<std::string>(result)) << text;
    EXPECT_THAT(std::get<std::string>(result), HasSubstr(message)) << text;
  }
}

}  // namespace
}  // namespace podmedic::config
