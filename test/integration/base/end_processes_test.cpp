// Real processes that end, that do not heed SIGTERM, that hide in a session of their own, and that are another user's.
#include "base/end_processes.hpp"
#include "base/clock.hpp"
#include "base/proc_stat.hpp"
#include "base/signal_process.hpp"
#include "test/support/child_process.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/run_coroutine.hpp"
#include "test/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/prctl.h>
#include <algorithm>
#include <filesystem>

namespace podmedic {
namespace {

using namespace std::chrono_literals;
using test::holds_soon;
using testing::HasSubstr;

/// A container "shipper", told from other processes as a rehearsal's are. The script says that it is ready by making
/// the file $READY.
class a_container : public testing::Test {
 protected:
  void run(const std::string& script) {
    child_.emplace(std::vector<std::string>{"/bin/sh", "-c", script},
                   std::vector<std::string>{"PATH=/usr/bin:/bin", "PODMEDIC_POD=" + pod_, "PODMEDIC_CONTAINER=shipper",
                                            "READY=" + directory_.file("ready"), "OUT=" + directory_.file("out")});
    ASSERT_TRUE(holds_soon([&] { return std::filesystem::exists(directory_.file("ready")); }));
    main_ = living().front();
    ASSERT_EQ(main_.pid, child_->pid());
  }
  ~a_container() override {
    for (const process& one : living()) signal_process(one.pid, one.started, SIGKILL);
  }
  std::vector<process> living() const {
    std::vector<process> alive;
    for (const container_processes& group : table_.containers({})) {
      for (const process& one : group.members) {
        if (one.state != 'Z') alive.push_back(one);
      }
    }
    return alive;
  }
  std::optional<std::string> end(ending_times times) {
    living_processes look = [this] { return living(); };
    return test::run_coroutine(context_, end_processes(main_, look, times));
  }
  bool said(const std::string& word) const { return std::filesystem::exists(directory_.file("out." + word)); }

  const std::string pod_ = "pod-" + std::to_string(::getpid());
  test::temporary_directory directory_;
  proc_process_table table_{pod_};
  std::optional<test::child_process> child_;
  process main_;
  boost::asio::io_context context_;
};

TEST_F(a_container, that_heeds_sigterm_ends_itself_and_is_not_killed) {
  run("trap ': >$OUT.term; exit 0' TERM; : >$READY; while :; do sleep 0.05; done");
  EXPECT_EQ(end({.grace = 1000s}), std::nullopt);
  EXPECT_TRUE(said("term"));
  EXPECT_TRUE(WIFEXITED(child_->wait()));
}

TEST_F(a_container, that_is_stopped_is_woken_so_that_it_can_heed_sigterm) {
  run("trap ': >$OUT.term; exit 0' TERM; : >$READY; while :; do sleep 0.05; done");
  ::kill(main_.pid, SIGSTOP);
  ASSERT_TRUE(holds_soon([&] { return (main_ = living().front()).state == 'T'; }));
  EXPECT_EQ(end({.grace = 1000s}), std::nullopt);
  EXPECT_TRUE(said("term"));
}

TEST_F(a_container, that_ignores_sigterm_is_killed_after_its_grace_and_not_before) {
  run("trap '' TERM; : >$READY; while :; do sleep 0.05; done");
  const instant before = boot_now();
  EXPECT_EQ(end({.grace = 500ms}), std::nullopt);
  EXPECT_GE(boot_now() - before, 500ms);
  const int status = child_->wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(a_container, leaves_no_process_behind_that_went_into_a_session_of_its_own) {
  run("setsid sh -c \"trap '' TERM; : >$READY; sleep 1000; sleep 1000\" & trap 'exit 0' TERM; "
      "while :; do sleep 0.05; done");
  ASSERT_GE(living().size(), 3U);
  EXPECT_EQ(end({.grace = 1000s}), std::nullopt);
  EXPECT_TRUE(living().empty());
}

TEST_F(a_container, whose_pid_was_given_to_another_process_meanwhile_is_taken_for_gone) {
  run(": >$READY; exec sleep 1000");
  process earlier = main_;
  earlier.started -= 10ms;  // it started a tick before
  living_processes look = [&] { return std::vector<process>{earlier}; };
  EXPECT_TRUE(test::run_coroutine(context_, end_processes(earlier, look, {.grace = 0ms, .after_kill = 200ms})));
  EXPECT_EQ(living().size(), 1U) << "the process that has the pid now got no signal";
}

TEST_F(a_container, that_no_signal_ends_is_named_and_not_waited_for_without_end) {
  run(": >$READY; exec sleep 1000");
  process stuck = main_;
  stuck.state = 'D';
  living_processes look = [&] { return std::vector<process>{stuck}; };  // still seen, whatever becomes of it
  const auto why = test::run_coroutine(context_, end_processes(main_, look, {.grace = 0ms, .after_kill = 300ms}));
  EXPECT_THAT(why.value_or(""), HasSubstr("pid " + std::to_string(main_.pid) + " (sleep)"));
}

/// In a child of the test that has given up root: its uid is nobody's, and so no process of root's may be signalled.
std::string as_nobody(const std::function<std::string()>& what) {
  int ends[2];
  if (::pipe(ends) != 0) return "pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t nobody = 65534;
    std::string said = ::setresuid(nobody, nobody, nobody) == 0 ? what() : "setresuid";
    [[maybe_unused]] const ssize_t written = ::write(ends[1], said.data(), said.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said(4096, '\0');
  const ssize_t length = ::read(ends[0], said.data(), said.size());
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  said.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return said;
}

TEST_F(a_container, of_another_user_is_named_with_both_uids_and_what_to_set) {
  if (::geteuid() != 0) return;  // only root can become somebody else
  run(": >$READY; exec sleep 1000");
  const std::string why = as_nobody([&] { return why_not_signal(main_).value_or("it may"); });
  EXPECT_THAT(why, HasSubstr("podmedic (uid 65534) may not signal pid " + std::to_string(main_.pid)));
  EXPECT_THAT(why, HasSubstr("uid 0: give both the same securityContext.runAsUser"));
  EXPECT_EQ(why_not_signal(main_), std::nullopt);
}

TEST_F(a_container, of_another_user_is_not_ended_and_that_is_said_at_once) {
  if (::geteuid() != 0) return;  // only root can become somebody else
  run(": >$READY; exec sleep 1000");
  const std::string why = as_nobody([&] { return end({.grace = 1000s}).value_or("ended"); });
  EXPECT_THAT(why, HasSubstr("SIGTERM to pid " + std::to_string(main_.pid)));
  EXPECT_EQ(living().size(), 1U);
}

}  // namespace
}  // namespace podmedic
