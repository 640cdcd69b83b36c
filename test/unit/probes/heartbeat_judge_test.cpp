#include "probes/heartbeat_judge.hpp"

#include "probes/registry.hpp"
#include "verdict_text.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

namespace podmedic::probes {
namespace {

using namespace std::chrono_literals;

const heartbeat_settings settings{.file = "/run/app/alive", .max_age = 30s};
constexpr std::int64_t second = 1'000'000'000;

heartbeat_sample touched(std::int64_t mtime_ns, std::int64_t inode = 7, std::string main = "") {
  heartbeat_sample sample;
  sample.file = {inode, mtime_ns};
  sample.main_process = std::move(main);
  return sample;
}
heartbeat_sample counted(std::string number) {
  heartbeat_sample sample;
  sample.counter = std::move(number);
  return sample;
}
heartbeat_sample gone(std::string main = "") {
  heartbeat_sample sample;
  sample.main_process = std::move(main);
  return sample;
}
heartbeat_sample not_seen() {
  heartbeat_sample sample;
  sample.unread = diagnosis{"FileUnreadable", "open /run/app/alive: Permission denied"};
  return sample;
}

/// What is there at a time.
using file = std::function<heartbeat_sample(milliseconds)>;

/// When the first look fails, of one each period; nothing where none does.
std::optional<milliseconds> first_failure(const file& shown, milliseconds period = 5s, milliseconds end = 10min) {
  heartbeat_judge judge(settings);
  for (milliseconds at = 0s; at <= end; at += period) {
    if (std::holds_alternative<fail>(judge.judge(shown(at), at))) return at;
  }
  return std::nullopt;
}

/// Touched each second, by a clock of nanoseconds that is 1 h wrong.
std::int64_t mtime_at(milliseconds at, std::int64_t granularity = 1) {
  const std::int64_t nanoseconds = (at + 1h).count() * 1'000'000 + 123;
  return nanoseconds - nanoseconds % granularity;
}

TEST(heartbeat_judge, fails_where_the_file_is_not_touched_for_longer_than_its_age) {
  const auto stopped = [](milliseconds at) { return touched(mtime_at(std::min(at, milliseconds(101s)))); };
  EXPECT_EQ(first_failure(stopped), 140s);  // seen to change at 105 s; 30 s later it is just not too old
  EXPECT_EQ(first_failure(stopped, 1s), 132s);
  EXPECT_EQ(first_failure(stopped, 15s), 150s);
}

TEST(heartbeat_judge, takes_no_slow_or_odd_heart_for_a_dead_one) {
  const struct {
    const char* why;
    file shown;
  } rows[] = {
      {"touched each 25 s", [](milliseconds at) { return touched(mtime_at(at / 25s * milliseconds(25s))); }},
      {"touched each 32 s, in whole seconds: as far as one can tell, each 30 s",
       [](milliseconds at) { return touched(mtime_at(at / 32s * milliseconds(32s), second)); }},
      {"the wall clock goes back by an hour, again and again",
       [](milliseconds at) { return touched(mtime_at(at % 60s)); }},
      {"a file from a year ahead that is touched", [](milliseconds at) { return touched(mtime_at(at + 8760h)); }},
      {"replaced by another file of the same time", [](milliseconds at) { return touched(5 * second + 1, at / 20s); }},
      {"gone for 20 s out of 60", [](milliseconds at) { return at % 60s < 20s ? gone() : touched(mtime_at(at)); }},
      {"never there", [](milliseconds) { return gone(); }},
      {"nobody may look", [](milliseconds) { return not_seen(); }},
      {"counts each 20 s", [](milliseconds at) { return counted(std::to_string(at / 20s)); }},
      {"the container is restarted each 20 s, and the file is an old one",
       [](milliseconds at) { return touched(mtime_at(0s), 7, "9@" + std::to_string(at / 20s)); }},
  };
  for (const auto& row : rows) EXPECT_EQ(first_failure(row.shown), std::nullopt) << row.why;
}

TEST(heartbeat_judge, gives_an_old_file_its_whole_time_from_the_first_look_on) {
  EXPECT_EQ(first_failure([](milliseconds) { return touched(123); }), 35s);
  // Whole seconds: two seconds more, and then it is dead as well.
  EXPECT_EQ(first_failure([](milliseconds) { return touched(5 * second); }, 1s), 33s);
  EXPECT_EQ(first_failure([](milliseconds) { return counted("17"); }, 1s), 31s);
  // One fine time shows that the file system knows them: no more grace.
  EXPECT_EQ(first_failure([](milliseconds at) { return touched(at < 1s ? 123 : 5 * second); }, 1s), 32s);
}

TEST(heartbeat_judge, fails_where_a_file_that_was_there_is_gone) {
  const auto removed = [](milliseconds at) { return at < 20s ? touched(mtime_at(at)) : gone(); };
  EXPECT_EQ(first_failure(removed), 50s);  // touched last at 15 s
  heartbeat_judge judge(settings);
  EXPECT_EQ(verdict_text(judge.judge(gone(), 0s)), "Unknown FileMissing");
  EXPECT_EQ(verdict_text(judge.judge(touched(1), 10s)), "Pass");
  EXPECT_EQ(message_of(judge.judge(gone(), 25s)), "/run/app/alive is gone for 15 s");
  EXPECT_EQ(verdict_text(judge.judge(gone(), 41s)), "Fail HeartbeatGone");
  EXPECT_EQ(verdict_text(judge.judge(touched(2), 42s)), "Pass");  // back, and touched
}

TEST(heartbeat_judge, begins_anew_with_another_main_process) {
  const auto restarted = [](milliseconds at) {
    return at < 20s ? touched(123, 7, "9@1") : at < 40s ? gone("11@2") : touched(123, 7, "11@2");
  };
  EXPECT_EQ(first_failure(restarted), 55s);
  // Unseen for a look in between, as while /proc changes.
  const auto unseen = [](milliseconds at) { return touched(123, 7, at < 20s ? "9@1" : at < 25s ? "" : "11@2"); };
  EXPECT_EQ(first_failure(unseen), 60s);
}

TEST(heartbeat_judge, does_not_count_the_time_in_which_podmedic_was_stopped) {
  heartbeat_judge judge(settings);
  for (milliseconds at = 0s; at <= 25s; at += 5s) judge.judge(touched(123), at);
  EXPECT_EQ(verdict_text(judge.judge(touched(123), 10min)), "Unknown LookedTooSeldom");
  EXPECT_EQ(verdict_text(judge.judge(touched(123), 10min + 15s)), "Pass");
  EXPECT_EQ(verdict_text(judge.judge(touched(123), 10min + 30s)), "Pass");
  EXPECT_EQ(verdict_text(judge.judge(touched(123), 10min + 31s)), "Fail HeartbeatStopped");
}

TEST(heartbeat_judge, says_what_stands_still) {
  heartbeat_judge judge(settings);
  EXPECT_EQ(message_of(judge.judge(counted("17"), 0s)), "");
  EXPECT_EQ(message_of(judge.judge(counted("17"), 16s)), "unchanged for 16 s");
  EXPECT_EQ(message_of(judge.judge(counted("17"), 31s)), "/run/app/alive has not changed for 31 s (at 17)");
}

TEST(heartbeat_sample, is_a_line_that_reads_back) {
  for (const heartbeat_sample& sample : {touched(123, 7, "9@1"), gone(), gone("9@1"), counted("17"), not_seen()}) {
    EXPECT_EQ(heartbeat_sample::parse(sample.to_text()).to_text(), sample.to_text());
  }
  EXPECT_EQ(touched(123, 7, "9@1").to_text(), "inode=7 main=9@1 mtime_ns=123");
  EXPECT_EQ(gone().to_text(), "missing=1");
  EXPECT_THROW(heartbeat_sample::parse("inode=7"), std::invalid_argument);
}

TEST(heartbeat_sample, takes_the_number_that_it_is_told_to_take) {
  const struct {
    const char* text;
    const char* after;
    std::optional<std::string> expected;
  } rows[] = {
      {"17\n", "", "17"},
      {"beats: 17 of 20", "", "17"},
      {"1764071637.25 ok", "", "1764071637.25"},
      {"{\"pid\": 4711, \"beats\": 17}", "\"beats\"", "17"},
      {"{\"pid\": 4711}", "\"beats\"", std::nullopt},
      {"alive", "", std::nullopt},
      {"", "", std::nullopt},
  };
  for (const auto& row : rows) EXPECT_EQ(number_after(row.text, row.after), row.expected) << row.text;
}

TEST(heartbeat_kind, replays_what_checks_saw) {
  mistakes found;
  fields own = fields::parse("test", "{file: /alive, maxAgeSeconds: 20}", found);
  const auto kind =
      std::find_if(kinds().begin(), kinds().end(), [](const auto& one) { return one.name == "heartbeat"; });
  const sample_judge judge = kind->read(own).replay();
  EXPECT_EQ(verdict_text(judge("inode=7 mtime_ns=5", 0s)), "Pass");
  EXPECT_EQ(verdict_text(judge("inode=7 mtime_ns=5", 11s)), "Pass");
  EXPECT_EQ(verdict_text(judge("inode=7 mtime_ns=5", 21s)), "Fail HeartbeatStopped");
}

}  // namespace
}  // namespace podmedic::probes
