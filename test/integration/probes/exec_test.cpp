#include "test/integration/probes/a_probe.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/temporary_directory.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <fstream>

namespace podmedic::probes {
namespace {

using testing::StartsWith;

class exec_probe : public a_probe {
 protected:
  static std::string shell(const std::string& script) {
    return R"({exec: {command: ["/bin/sh", "-c", ")" + script + R"("]}})";
  }
};

TEST_F(exec_probe, judges_the_exit_code) {
  EXPECT_EQ(ask_once(shell("echo all well")), "Pass: all well");
  EXPECT_EQ(ask_once(shell("echo queue full >&2; exit 3")), "Fail CommandFailed: /bin/sh ended with 3: queue full");
  EXPECT_EQ(ask_once(shell("kill -KILL $$")), "Fail CommandFailed: /bin/sh ended with 137");
}

TEST_F(exec_probe, knows_nothing_where_the_program_does_not_start) {
  EXPECT_THAT(ask_once("{exec: {command: [/missing/program]}}"), StartsWith("Unknown CommandNotStarted: "));
}

TEST_F(exec_probe, kills_the_whole_process_group_at_its_deadline) {
  const test::temporary_directory directory;
  const std::string pid_file = directory.file("pid");
  EXPECT_EQ(ask_once(shell("sleep 600 & echo $! > " + pid_file + "; wait"), 500ms),
            "Fail CommandTimedOut: /bin/sh did not end within 500 ms");
  pid_t grandchild = 0;
  std::ifstream(pid_file) >> grandchild;
  ASSERT_GT(grandchild, 0);
  // Gone, or a zombie that nobody has reaped.
  EXPECT_TRUE(test::holds_soon([&] {
    std::ifstream stat("/proc/" + std::to_string(grandchild) + "/stat");
    std::string pid, name, state;
    return !(stat >> pid >> name >> state) || state == "Z";
  }));
}

TEST_F(exec_probe, gives_the_program_no_secret_of_ours) {
  ::setenv("PODMEDIC_TEST_SECRET", "hush", 1);
  EXPECT_EQ(ask_once(shell("echo secret=$PODMEDIC_TEST_SECRET")), "Pass: secret=");
  ::unsetenv("PODMEDIC_TEST_SECRET");
}

}  // namespace
}  // namespace podmedic::probes
