#include "test/integration/probes/a_probe.hpp"
#include "test/support/child_process.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/temporary_directory.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <filesystem>

namespace podmedic::probes {
namespace {

using std::chrono::steady_clock;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// Processes that touch a file or count in it, each 50 ms, until they are stopped.
class heartbeat_probe : public a_probe {
 protected:
  const test::temporary_directory directory;
  const std::string file = directory.file("alive");

  std::string watch(const std::string& more = "") const {
    return "{heartbeat: {file: " + file + ", maxAgeSeconds: 0.6" + more + "}}";
  }
  test::child_process repeat(const std::string& command) const {
    const std::string loop = "cd " + directory.path() + " && while :; do " + command + "; sleep 0.05; done";
    return test::child_process({"/bin/sh", "-c", loop}, {"PATH=/usr/bin:/bin"});
  }
  bool there() const {
    return test::holds_soon([&] { return std::filesystem::exists(file); });
  }
  /// Sets the file's time, as a clock that is wrong would.
  void set_time(std::int64_t seconds, long nanoseconds) const {
    const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  }
};

TEST_F(heartbeat_probe, fails_where_the_process_that_touches_the_file_is_stopped) {
  test::child_process heart = repeat("touch alive");
  ASSERT_TRUE(there());
  const auto made = make(watch());
  EXPECT_EQ(ask_for(*made, 1s), "Pass");
  ::kill(-heart.pid(), SIGSTOP);
  const auto stopped = steady_clock::now();
  EXPECT_THAT(ask_until(*made, "Fail"),
              AllOf(StartsWith("Fail HeartbeatStopped: " + file), HasSubstr("has not changed")));
  EXPECT_GE(steady_clock::now() - stopped, 500ms);
  ::kill(-heart.pid(), SIGCONT);
  EXPECT_THAT(ask_until(*made, "Pass"), StartsWith("Pass"));
}

TEST_F(heartbeat_probe, fails_where_the_process_that_counts_in_the_file_is_stopped) {
  test::child_process heart =
      repeat(R"(n=$((n + 1)); echo "{\"workers\": 4, \"beats\": $n}" > new; touch -d @1700000000.5 new; mv new alive)");
  ASSERT_TRUE(there());
  const auto made = make(watch(R"(, counterAfter: '"beats":')"));
  EXPECT_EQ(ask_for(*made, 1s), "Pass");
  ::kill(-heart.pid(), SIGSTOP);
  EXPECT_THAT(ask_until(*made, "Fail"), AllOf(StartsWith("Fail HeartbeatStopped: "), HasSubstr("(at ")));
  // The first number never moved.
  ::kill(-heart.pid(), SIGCONT);
  const auto of_workers = make(watch(", counter: true"));
  EXPECT_THAT(ask_until(*of_workers, "Fail"), HasSubstr("(at 4)"));
}

TEST_F(heartbeat_probe, fails_where_something_else_touches_the_file_but_the_count_stands) {
  directory.write("alive", "17");
  const test::child_process other = repeat("touch alive");
  const auto made = make(watch(", counter: true"));
  EXPECT_THAT(ask_until(*made, "Fail"), StartsWith("Fail HeartbeatStopped: "));
}

TEST_F(heartbeat_probe, gives_an_old_file_its_whole_time) {
  directory.write("alive", "");
  set_time(1'000'000'000, 5);  // of the year 2001
  const auto made = make(watch());
  const auto began = steady_clock::now();
  EXPECT_EQ(ask(*made), "Pass: ");
  EXPECT_THAT(ask_until(*made, "Fail"), StartsWith("Fail HeartbeatStopped: "));
  EXPECT_GE(steady_clock::now() - began, 600ms);
}

TEST_F(heartbeat_probe, does_not_care_for_steps_of_the_clock) {
  directory.write("alive", "");
  const auto made = make(watch());
  const std::int64_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::int64_t time = now;
  const auto began = steady_clock::now();
  for (const std::int64_t step : {1L, -86400L, 1L, 1L, 31536000L, 1L, 0L - now, 1L, 1L, 1L}) {
    time += step;
    set_time(time, 5);
    EXPECT_EQ(ask_for(*made, 300ms), "Pass") << time;
  }
  EXPECT_GT(steady_clock::now() - began, 2s);
}

TEST_F(heartbeat_probe, lives_with_a_file_system_that_knows_whole_seconds) {
  const test::child_process heart = repeat("touch -d @$(($(date +%s) / 2 * 2)) alive");  // as FAT: even seconds
  ASSERT_TRUE(there());
  const auto made = make(watch());
  EXPECT_EQ(ask_for(*made, 3500ms), "Pass");
}

TEST_F(heartbeat_probe, does_not_judge_a_file_that_was_never_there_but_one_that_went) {
  const auto made = make(watch());
  for (int look = 0; look < 50; ++look) {
    ASSERT_THAT(ask(*made), StartsWith("Unknown FileMissing: " + file + " has not been there yet"));
    std::this_thread::sleep_for(20ms);
  }
  directory.write("alive", "");
  set_time(5, 5);
  EXPECT_THAT(ask(*made), StartsWith("Pass"));
  std::filesystem::remove(file);
  EXPECT_THAT(ask(*made), StartsWith("Unknown FileMissing: " + file + " is gone for "));
  EXPECT_THAT(ask_until(*made, "Fail"), StartsWith("Fail HeartbeatGone: "));
  directory.write("alive", "");
  EXPECT_THAT(ask(*made), StartsWith("Pass"));
}

TEST_F(heartbeat_probe, says_why_it_could_not_look) {
  EXPECT_THAT(ask_once("{heartbeat: {file: /}}"), StartsWith("Unknown FileUnreadable: / is no regular file"));
  directory.write("alive", "beating");
  EXPECT_THAT(ask_once(watch(", counter: true")), StartsWith("Unknown CounterMissing: " + file + " holds no number"));
  EXPECT_THAT(ask_once(watch(", counterAfter: n")), HasSubstr("holds no number after \"n\""));
  directory.write("alive", std::string(5000, '1'));
  EXPECT_THAT(ask_once(watch(", counter: true")), StartsWith("Unknown FileTooLong: "));
}

TEST_F(heartbeat_probe, looks_into_the_container_and_begins_anew_with_its_next_process) {
  around.in_container = true;
  EXPECT_EQ(ask_once(watch()), "Unknown NoProcess: the test gave none");
  const test::child_process sleeper({"/bin/sleep", "600"}), next({"/bin/sleep", "600"});
  const auto container = [](const test::child_process& main) {
    return container_processes{"engine", "1", {process{.pid = main.pid(), .state = 'S', .command = "sleep"}}};
  };
  processes.given = container(sleeper);
  directory.write("alive", "");
  const auto made = make(watch());
  EXPECT_EQ(ask(*made), "Pass: ");
  EXPECT_THAT(ask_until(*made, "Fail"), StartsWith("Fail HeartbeatStopped: "));
  processes.given = container(next);
  EXPECT_EQ(ask(*made), "Pass: ");
}

}  // namespace
}  // namespace podmedic::probes
