#include "base/clock.hpp"
#include "base/proc_stat.hpp"
#include "base/process_table.hpp"
#include "base/signal_process.hpp"
#include "test/support/child_process.hpp"
#include "test/support/holds_soon.hpp"

#include <gtest/gtest.h>

namespace podmedic {
namespace {

using namespace std::chrono_literals;
using test::holds_soon;

TEST(process_table, sees_a_real_process_come_and_go) {
  const std::string pod = "pod-" + std::to_string(::getpid());
  const proc_process_table table(pod);
  EXPECT_TRUE(table.containers({}).empty());
  const instant before = boot_now();
  test::child_process child({"/bin/sleep", "1000"}, {"PODMEDIC_POD=" + pod, "PODMEDIC_CONTAINER=engine"});
  std::vector<container_processes> found;
  ASSERT_TRUE(holds_soon([&] {
    found = table.containers({});
    return !found.empty();
  }));
  EXPECT_EQ(found[0].name, "engine");
  EXPECT_EQ(found[0].members[0].pid, child.pid());
  EXPECT_EQ(found[0].members[0].parent, ::getpid());
  EXPECT_EQ(found[0].members[0].command, "sleep");
  // On the clock that podmedic decides by, as exact as a tick.
  EXPECT_GE(found[0].members[0].started, before - 10ms);
  EXPECT_LE(found[0].members[0].started, boot_now());
  child.stop();
  EXPECT_TRUE(table.containers({}).empty());
}

TEST(signal_process, reaches_the_process_that_was_meant) {
  test::child_process child({"/bin/sleep", "1000"});
  const auto stat = read_proc_stat(child.pid());
  ASSERT_TRUE(stat);
  EXPECT_EQ(signal_process(child.pid(), stat->started, SIGTERM), 0);
  const int status = child.wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

TEST(signal_process, spares_another_process_that_has_been_given_the_pid) {
  test::child_process child({"/bin/sleep", "1000"});
  const auto stat = read_proc_stat(child.pid());
  ASSERT_TRUE(stat);
  EXPECT_EQ(signal_process(child.pid(), stat->started - 10ms, SIGKILL), ESRCH);  // it started a tick before
  EXPECT_EQ(signal_process(child.pid(), stat->started, 0), 0);
}

TEST(signal_process, says_that_a_process_is_gone) {
  test::child_process child({"/bin/sleep", "1000"});
  const pid_t pid = child.pid();
  const auto stat = read_proc_stat(pid);
  ASSERT_TRUE(stat);
  child.stop();
  EXPECT_EQ(signal_process(pid, stat->started, SIGTERM), ESRCH);
}

}  // namespace
}  // namespace podmedic
