#include "supervisor/startup.hpp"

#include "test/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace podmedic {
namespace {

using namespace std::chrono_literals;

process one(pid_t pid, pid_t parent, char state = 'S') {
  process made;
  made.pid = pid;
  made.parent = parent;
  made.state = state;
  made.command = "worker";
  return made;
}

policy::startup_sight sight_of(const std::vector<container_processes>& seen) {
  policy::startup_sight sight;
  see_startup(seen, "podmedic", sight);
  return sight;
}

TEST(startup_sight, tells_a_container_that_runs_from_what_is_left_of_one) {
  struct row {
    container_processes group;
    bool runs;
    std::size_t strays;
  };
  const row rows[] = {
      // the runtime's parent is outside of the Pod
      {{"engine", "a", {one(7, 0), one(8, 7)}}, true, 0},
      // the main process has ended, and its children have PID 1 for a parent now
      {{"engine", "a", {one(8, 1), one(9, 8)}}, false, 2},
      // a dead main process that nobody has reaped yet, and a child of it
      {{"engine", "a", {one(7, 0, 'Z'), one(8, 7)}}, false, 1},
      // only zombies: nothing that could hold anything
      {{"engine", "a", {one(7, 0, 'Z'), one(8, 1, 'Z')}}, false, 0},
      // a parent that nobody knows: in doubt it runs
      {{"engine", "a", {one(8, 77)}}, true, 0},
      // podmedic's own container, by its name and by itself
      {{"podmedic", "b", {one(5, 0), one(6, 1)}}, false, 0},
      {{"", "b", {one(::getpid(), 0), one(6, 1)}}, false, 0},
      // a rehearsal's
      {{"engine", "", {one(8, 1)}}, true, 0},
      // no more than three are named
      {{"engine", "a", {one(8, 1), one(9, 1), one(10, 1), one(11, 1)}}, false, 3},
  };
  for (const row& each : rows) {
    const auto sight = sight_of({each.group});
    EXPECT_EQ(sight.others_run, each.runs) << &each - rows;
    EXPECT_EQ(sight.strays.size(), each.strays) << &each - rows;
  }
  EXPECT_EQ(sight_of({{"engine", "a", {one(8, 1)}}}).strays.front(),
            "pid 8 (worker) is left of the last life of container engine");
}

class startup_memory_of_a_wait : public testing::Test {
 protected:
  test::temporary_directory state;
  startup_memory memory{state.path()};

  instant begin(instant now, const std::string& boot = "boot-1") {
    const auto began = memory.begin(now, boot);
    if (const auto* error = std::get_if<std::string>(&began)) ADD_FAILURE() << *error;
    const auto* at = std::get_if<instant>(&began);
    return at != nullptr ? *at : instant(-1ms);
  }
};

TEST_F(startup_memory_of_a_wait, keeps_its_begin_across_lives_until_it_is_over) {
  const instant first(100s);
  EXPECT_EQ(begin(first), first);
  startup_memory next_life(state.path());
  EXPECT_EQ(std::get<instant>(next_life.begin(first + 7s, "boot-1")), first);
  memory.end();
  EXPECT_EQ(begin(first + 60s), first + 60s);
}

TEST_F(startup_memory_of_a_wait, begins_anew_after_a_reboot_and_where_the_file_makes_no_sense) {
  EXPECT_EQ(begin(instant(100s)), instant(100s));
  EXPECT_EQ(begin(instant(5s), "boot-2"), instant(5s));
  for (const char* text : {"", "boot-1", "boot-1 ", "boot-1 x\n", "boot-1 -5\n", "boot-1 90", "boot-1 999999999\n"}) {
    state.write("startup-barrier", text);
    EXPECT_EQ(begin(instant(200s)), instant(200s)) << text;
  }
}

TEST_F(startup_memory_of_a_wait, is_an_error_where_nothing_can_be_written) {
  startup_memory nowhere(state.file("missing"));
  EXPECT_TRUE(std::holds_alternative<std::string>(nowhere.begin(instant(1s), "boot-1")));
  EXPECT_TRUE(std::holds_alternative<std::string>(memory.begin(instant(1s), "")));
}

}  // namespace
}  // namespace podmedic
