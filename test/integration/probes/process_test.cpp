#include "test/integration/probes/a_probe.hpp"
#include "test/support/as_user.hpp"
#include "test/support/child_process.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/seen_processes.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <fstream>
#include <optional>

namespace podmedic::probes {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class process_probe : public a_probe {
 protected:
  std::optional<test::child_process> child;

  void run(const std::string& script) {
    child.emplace(std::vector<std::string>{"/bin/sh", "-c", script}, std::vector<std::string>{"PATH=/usr/bin:/bin"});
  }
  void python(const std::string& program) {
    child.emplace(std::vector<std::string>{"/usr/bin/python3", "-c", program});
  }
  /// Sees the child, and its own children.
  void see() {
    processes.given = test::seen_processes("engine", {child->pid()});
    const std::string pid = std::to_string(child->pid());
    std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
    auto& members = std::get<container_processes>(processes.given).members;
    for (pid_t each = 0; children >> each;) {
      if (read_proc_stat(each)) members.push_back(test::seen_processes("engine", {each}).members.front());
    }
  }
  /// Asks until the answer begins so; the last answer.
  std::string until(probe& asked, const std::string& wanted) {
    std::string last;
    test::holds_soon([&] {
      see();
      last = ask(asked);
      return last.starts_with(wanted);
    });
    return last;
  }
  /// The first answer within that time that is no Pass.
  std::string meanwhile(probe& asked, milliseconds time) {
    std::string last;
    const auto end = std::chrono::steady_clock::now() + time;
    test::holds_soon([&] {
      see();
      last = ask(asked);
      return !last.starts_with("Pass") || std::chrono::steady_clock::now() > end;
    });
    return last;
  }
};

TEST_F(process_probe, finds_a_process_by_its_name_or_its_command_line_and_fails_where_it_is_absent) {
  run("sleep 600 & exec sleep 500");
  EXPECT_EQ(until(*make("{process: {name: sleep}}"), "Pass: 2"), "Pass: 2 processes");
  EXPECT_EQ(ask_once("{process: {command: \"sleep 600\"}}"), "Pass: 1 process");
  EXPECT_EQ(ask_once("{process: {name: sleep, command: \"600\"}}"), "Pass: 1 process");
  EXPECT_EQ(ask_once("{process: {name: worker}}"), "Fail ProcessAbsent: no process of the container is worker");
  EXPECT_EQ(ask_once("{process: {command: \"sleep 700\"}}"),
            "Fail ProcessAbsent: no process of the container is \"sleep 700\"");
}

TEST_F(process_probe, does_not_take_what_came_in_from_outside_for_the_containers_own) {
  run("exec sleep 600");
  const auto asked = make("{process: {name: sleep}}");
  EXPECT_EQ(until(*asked, "Pass"), "Pass: 1 process");
  // As kubectl exec: no parent in the Pod.
  const test::child_process main({"/bin/cat", "/dev/zero"});
  auto stranger = std::get<container_processes>(processes.given).members.front();
  processes.given = test::seen_processes("engine", {main.pid()});
  stranger.parent = 0;
  std::get<container_processes>(processes.given).members.push_back(stranger);
  EXPECT_THAT(ask(*asked), StartsWith("Fail ProcessAbsent: "));
}

TEST_F(process_probe, fails_where_there_is_only_a_zombie) {
  for (const char* chosen : {"{process: {name: sleep}}", "{process: {command: \"sleep 6\"}}"}) {
    // Python does not know that it has this child.
    run("sleep 600 & exec /usr/bin/python3 -c 'import time; time.sleep(500)'");
    const auto asked = make(chosen);
    EXPECT_TRUE(test::holds_soon([&] {
      see();
      const auto& members = std::get<container_processes>(processes.given).members;
      return members.size() == 2 && members[0].command == "python3" && members[1].command == "sleep";
    }));
    EXPECT_EQ(until(*asked, "Pass"), "Pass: 1 process");
    ::kill(std::get<container_processes>(processes.given).members[1].pid, SIGKILL);
    EXPECT_THAT(until(*asked, "Fail ProcessZombie"), HasSubstr("(sleep) has ended, its parent has not noticed"));
  }
}

TEST_F(process_probe, fails_when_open_files_or_threads_grow_beyond_a_bound) {
  python(
      "import time, threading\n"
      "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))\n"
      "files, threads = [], []\n"
      "for i in range(60):\n"
      "  time.sleep(0.01)\n"
      "  files += [open('/dev/null') for j in range(10)]\n"
      "  threads.append(threading.Thread(target=time.sleep, args=(600,))); threads[-1].start()\n"
      "time.sleep(600)\n");
  EXPECT_THAT(until(*make("{process: {maxOpenFiles: 300}}"), "Fail"), HasSubstr(" open files, more than 300"));
  EXPECT_THAT(until(*make("{process: {maxOpenFiles: 50%}}"), "Fail"),
              HasSubstr(" open files, more than 50 % of its limit of 1000"));
  EXPECT_THAT(until(*make("{process: {maxThreads: 50}}"), "Fail"), HasSubstr("(python3) has 5"));
  EXPECT_EQ(ask_once("{process: {maxOpenFiles: 900, maxThreads: 100}}"), "Pass: 1 process");
}

TEST_F(process_probe, fails_a_thread_that_spins_beside_others_that_wait) {
  python(
      "import os, threading\n"
      "os.nice(-15)\n"  // whatever else runs
      "def spin():\n"
      "  while True: pass\n"
      "threading.Thread(target=spin).start()\n"
      "threading.Event().wait()\n");
  EXPECT_THAT(
      until(*make("{process: {spinningSeconds: 0.5}}"), "Fail"),
      testing::ContainsRegex("^Fail ThreadSpinning: thread [0-9]+ of process [0-9]+ \\(python3\\) has run for "));
}

TEST_F(process_probe, does_not_take_hard_work_or_idleness_for_spinning) {
  const auto asked = make("{process: {spinningSeconds: 0.5}}");
  run("exec dd if=/dev/zero of=/dev/null bs=4k 2>/dev/null");  // reads and writes
  EXPECT_EQ(meanwhile(*asked, 1200ms), "Pass: 1 process");
  python("while True: bytearray(50_000_000)");  // takes memory
  EXPECT_EQ(meanwhile(*asked, 1200ms), "Pass: 1 process");
  run("exec sleep 600");
  EXPECT_EQ(meanwhile(*asked, 1200ms), "Pass: 1 process");
}

TEST_F(process_probe, fails_a_process_in_uninterruptible_sleep) {
  // The parent of a vfork(2) sleeps so until its child has ended.
  python(
      "import ctypes\n"
      "libc = ctypes.CDLL(None)\n"
      "if libc.vfork() == 0:\n"
      "  libc.pause()\n");
  EXPECT_THAT(until(*make("{process: {uninterruptibleSeconds: 0.5}}"), "Fail"),
              HasSubstr("has been in one uninterruptible sleep for "));
}

TEST_F(process_probe, needs_no_right_but_for_the_io_of_a_thread_that_seems_to_spin) {
  run("renice -n -15 $$ >/dev/null 2>&1; while :; do :; done");  // as root
  see();
  const auto as_nobody = [&](const std::string& text, const std::string& wanted) {
    return test::as_user(65'534, [&] { return until(*make(text), wanted); });
  };
  EXPECT_EQ(as_nobody("{process: {name: sh, command: while, maxOpenFiles: 50%, maxThreads: 9}}", "Pass: 1"),
            "Pass: 1 process");
  EXPECT_THAT(as_nobody("{process: {spinningSeconds: 0.3}}", "Unknown"), StartsWith("Unknown IoNotReadable: "));
}

TEST_F(process_probe, names_every_mistake) {
  for (const char* text :
       {"{process: {}}", "{process: {name: \"\"}}", "{process: {maxOpenFiles: 0}}", "{process: {maxOpenFiles: 120%}}",
        "{process: {maxOpenFiles: many}}", "{process: {maxThreads: 0}}", "{process: {spinningSeconds: 0}}",
        "{process: {uninterruptibleSeconds: -1}}", "{process: {nane: x}}"}) {
    EXPECT_THROW(make(text), std::runtime_error) << text;
  }
}

}  // namespace
}  // namespace podmedic::probes
