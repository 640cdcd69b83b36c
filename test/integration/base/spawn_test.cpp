#include "base/spawn.hpp"

#include "base/files.hpp"
#include "base/proc_stat.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/run_coroutine.hpp"
#include "test/support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace podmedic {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::holds_soon;

constexpr milliseconds long_enough = 20s;

command_result run(std::vector<std::string> arguments, milliseconds timeout = long_enough,
                   std::vector<std::string> environment = {}) {
  asio::io_context context(1);
  return test::run_coroutine(context, run_command(std::move(arguments), timeout, 4096, std::move(environment)));
}

command_exit shell(const std::string& script, milliseconds timeout = long_enough) {
  auto result = run({"/bin/sh", "-c", script}, timeout);
  if (const auto* why = std::get_if<command_not_started>(&result)) ADD_FAILURE() << why->message;
  auto* ended = std::get_if<command_exit>(&result);
  return ended == nullptr ? command_exit{.code = -1} : *ended;
}

bool is_dead(pid_t pid) {
  const auto found = read_proc_stat(pid);
  return !found || found->state == 'Z';  // an orphan is reaped by whoever adopts it
}

/// Whether a child is left, be it a zombie; reaps none.
bool has_children() {
  siginfo_t child{};
  return ::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0;
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

TEST(run_command, tells_the_exit_code_and_what_was_said_on_both_outputs) {
  const command_exit ended = shell("echo out; echo err >&2; exit 7");
  EXPECT_EQ(ended.code, 7);
  EXPECT_EQ(ended.output, "out\nerr\n");
  EXPECT_FALSE(ended.timed_out);
}

TEST(run_command, a_signal_that_ended_it_is_128_and_its_number) {
  EXPECT_EQ(shell("kill -TERM $$").code, 128 + SIGTERM);
}

TEST(run_command, an_argument_is_one_argument_whatever_is_in_it) {
  const auto result = run({"printf", "<%s>", "a b", "$HOME; *", ""});
  EXPECT_EQ(std::get<command_exit>(result).output, "<a b><$HOME; *><>");
}

TEST(run_command, what_does_not_start_says_which_program_and_why) {
  const test::temporary_directory directory;
  const std::string plain_file = directory.write("plain", "text");
  struct row {
    std::vector<std::string> arguments;
    std::string message;
  };
  const row rows[] = {
      {{"/no/such/program"}, "start /no/such/program: No such file or directory"},
      {{plain_file}, "start " + plain_file + ": Permission denied"},
      {{directory.path()}, "start " + directory.path() + ": Permission denied"},
      {{}, "start: no program is given"},
      {{""}, "start: no program is given"},
  };
  for (const row& each : rows) {
    const auto result = run(each.arguments);
    const auto* why = std::get_if<command_not_started>(&result);
    ASSERT_NE(why, nullptr) << each.message;
    EXPECT_EQ(why->message, each.message);
  }
}

TEST(run_command, a_name_without_a_slash_is_looked_for_in_the_path_that_the_program_gets) {
  const test::temporary_directory directory;
  directory.write("here/tool", "#!/bin/sh\necho found\n");
  std::filesystem::permissions(directory.file("here/tool"), std::filesystem::perms::owner_all);
  const auto found = run({"tool"}, long_enough, {"PATH=/nowhere:" + directory.file("here")});
  EXPECT_EQ(std::get<command_exit>(found).output, "found\n");
  const auto missing = run({"tool"}, long_enough, {"PATH=/nowhere"});
  EXPECT_EQ(std::get<command_not_started>(missing).message, "start tool: no such program in PATH (/nowhere)");
}

TEST(run_command, gives_only_the_environment_that_is_asked_for_and_a_path) {
  ::setenv("PODMEDIC_TEST_SECRET", "hunter2", 1);
  const auto result = run({"env"}, long_enough, {"COLOUR=blue", "PATH=/usr/bin:/bin"});
  EXPECT_EQ(std::get<command_exit>(result).output, "COLOUR=blue\nPATH=/usr/bin:/bin\n");
  const auto bare = run({"env"});
  EXPECT_EQ(std::get<command_exit>(bare).output, "PATH=" + std::string(std::getenv("PATH")) + "\n");
}

TEST(run_command, gives_none_of_our_descriptors_and_an_empty_input) {
  // Without FD_CLOEXEC; below and above those that the launch itself makes.
  const int inherited[] = {::fcntl(STDERR_FILENO, F_DUPFD, 3), ::fcntl(STDERR_FILENO, F_DUPFD, 100)};
  for (const int fd : inherited) {
    const std::string number = std::to_string(fd);
    EXPECT_EQ(shell("test -e /proc/self/fd/" + number + " && echo leaked; readlink /proc/self/fd/0; cat").output,
              "/dev/null\n");
  }
  for (const int fd : inherited) ::close(fd);
}

TEST(run_command, gives_the_usual_signal_dispositions_though_we_ignore_sigpipe) {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(shell("kill -PIPE $$; echo survived").code, 128 + SIGPIPE);
  ::signal(SIGPIPE, before);
}

TEST(run_command, output_beyond_the_bound_is_dropped_and_does_not_stall_the_program) {
  const command_exit ended = shell("head -c 1000000 /dev/zero | tr '\\0' x");
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.output, std::string(4096, 'x'));
}

TEST(run_command, at_the_deadline_the_whole_group_is_killed) {
  const command_exit ended = shell("sleep 1000 & echo $!; wait", 500ms);
  EXPECT_TRUE(ended.timed_out);
  EXPECT_EQ(ended.code, 128 + SIGKILL);
  const pid_t background = std::atoi(ended.output.c_str());
  ASSERT_GT(background, 0);
  EXPECT_TRUE(holds_soon([&] { return is_dead(background); }));
}

TEST(run_command, a_program_that_ignores_signals_or_is_stopped_ends_at_the_deadline) {
  EXPECT_TRUE(shell("trap '' TERM INT HUP; while :; do sleep 0.05; done", 200ms).timed_out);
  EXPECT_TRUE(shell("kill -STOP $$", 200ms).timed_out);
}

TEST(run_command, leaves_nothing_behind_and_does_not_wait_for_what_still_holds_the_output) {
  const command_exit ended = shell("sleep 1000 & echo $!");
  EXPECT_FALSE(ended.timed_out);
  EXPECT_EQ(ended.code, 0);
  const pid_t background = std::atoi(ended.output.c_str());
  ASSERT_GT(background, 0);
  EXPECT_TRUE(holds_soon([&] { return is_dead(background); }));
}

TEST(run_command, leaves_nothing_behind_in_other_groups_and_sessions_and_of_orphans_of_orphans) {
  const test::temporary_directory directory;
  const auto pid_in = [&](const std::string& file) {
    const auto read = read_file(directory.file(file), 100);
    const auto* text = std::get_if<std::string>(&read);
    return text == nullptr ? 0 : std::atoi(text->c_str());
  };
  const auto note = [&](const std::string& name) {
    return "sh -c 'echo $$ > " + directory.file(name) + "; exec sleep 1000'";
  };
  const std::string scripts[] = {
      "timeout 900 " + note("a"),  // a group of its own
      "timeout --foreground 900 " + note("a"),
      "setsid " + note("a"),                                                     // a session of its own
      "(setsid sh -c \"" + note("a") + " & exit 0\" &) ; sleep 1000",            // an orphan's orphan
      "trap '' TERM HUP; setsid sh -c \"trap '' TERM HUP; " + note("a") + "\"",  // that heeds nothing else
  };
  for (const std::string& script : scripts) {
    for (const bool in_time : {true, false}) {
      if (!in_time && &script != &scripts[0] && &script != &scripts[3]) continue;  // a deadline takes its time
      std::filesystem::remove(directory.file("a"));
      const std::string until = "; while ! [ -s " + directory.file("a") + " ]; do sleep 0.01; done";
      const command_exit ended =
          shell("{ " + script + " ; } >/dev/null 2>&1 &\n: " + until + (in_time ? "" : "; sleep 1000"),
                in_time ? long_enough : 5s);
      EXPECT_EQ(ended.timed_out, !in_time) << script;
      ASSERT_GT(pid_in("a"), 0) << script;
      EXPECT_TRUE(holds_soon([&] { return is_dead(pid_in("a")); })) << script;
    }
  }
}

TEST(run_command, does_not_block_the_loop_while_the_program_runs) {
  const test::temporary_directory directory;
  asio::io_context context(1);
  asio::steady_timer timer(context, 50ms);
  timer.async_wait([&](boost::system::error_code) { directory.write("go", ""); });
  const std::string script = "while [ ! -e " + directory.file("go") + " ]; do sleep 0.01; done; echo went";
  const auto result = test::run_coroutine(context, run_command({"/bin/sh", "-c", script}, long_enough));
  EXPECT_EQ(std::get<command_exit>(result).output, "went\n");
}

TEST(run_command, when_it_is_cancelled_the_program_is_killed) {
  const test::temporary_directory directory;
  asio::io_context context(1);
  asio::cancellation_signal cancel;
  std::exception_ptr thrown;
  const std::string script = "echo $$ > " + directory.file("pid.new") + "; mv " + directory.file("pid.new") + " " +
                             directory.file("pid") + "; exec sleep 1000";
  asio::co_spawn(context, run_command({"/bin/sh", "-c", script}, 1h),
                 asio::bind_cancellation_slot(
                     cancel.slot(), [&](std::exception_ptr error, const command_result&) { thrown = error; }));
  pid_t child = 0;
  ASSERT_TRUE(holds_soon([&] {
    context.poll();
    const auto read = read_file(directory.file("pid"), 100);
    if (const auto* text = std::get_if<std::string>(&read)) child = std::atoi(text->c_str());
    return child > 0;
  }));
  cancel.emit(asio::cancellation_type::terminal);
  context.run();
  EXPECT_THROW(std::rethrow_exception(thrown), boost::system::system_error);
  EXPECT_TRUE(holds_soon([&] { return is_dead(child); }));
}

TEST(run_command, when_its_loop_goes_away_the_program_is_killed) {
  const test::temporary_directory directory;
  pid_t child = 0;
  {
    asio::io_context context(1);
    const std::string script = "echo $$ > " + directory.file("pid") + "; exec sleep 1000";
    asio::co_spawn(context, run_command({"/bin/sh", "-c", script}, 1h),
                   [](std::exception_ptr, const command_result&) {});
    ASSERT_TRUE(holds_soon([&] {
      context.poll();
      const auto read = read_file(directory.file("pid"), 100);
      if (const auto* text = std::get_if<std::string>(&read)) child = std::atoi(text->c_str());
      return child > 0;
    }));
  }
  EXPECT_TRUE(holds_soon([&] { return is_dead(child); }));
}

TEST(run_command, keeps_no_descriptor_and_no_zombie_also_of_orphans) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // orphans become ours, as where podmedic is PID 1
  shell("true");                       // what is made once
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    shell("sleep 1000 & exit 3");
    run({"/no/such/program"});
    shell("sleep 1000", 1ms);
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_TRUE(holds_soon([] {
    shell("true");  // reaps what was left to be reaped
    return !has_children();
  }));
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST(run_command, with_any_number_of_free_descriptors_it_works_or_says_why_and_keeps_nothing) {
  asio::io_context context(1);
  const auto run_true = [&] { return test::run_coroutine(context, run_command({"/bin/true"}, long_enough)); };
  run_true();
  const std::size_t before = open_descriptors();
  rlimit usual{};
  ::getrlimit(RLIMIT_NOFILE, &usual);
  std::vector<bool> worked;
  for (rlim_t free = 0; free < 16; ++free) {
    const rlimit tight{static_cast<rlim_t>(before) - 1 + free,
                       usual.rlim_max};  // open_descriptors() saw one of its own
    ::setrlimit(RLIMIT_NOFILE, &tight);
    const auto result = run_true();
    ::setrlimit(RLIMIT_NOFILE, &usual);
    const auto* why = std::get_if<command_not_started>(&result);
    if (why != nullptr) {
      EXPECT_TRUE(why->message.ends_with(": Too many open files")) << why->message;
    }
    worked.push_back(why == nullptr);
    EXPECT_EQ(open_descriptors(), before);
  }
  EXPECT_FALSE(worked.front());
  EXPECT_TRUE(worked.back());
  EXPECT_TRUE(std::is_sorted(worked.begin(), worked.end()));  // once there are enough, there are enough
  EXPECT_FALSE(has_children());
}

}  // namespace
}  // namespace podmedic
