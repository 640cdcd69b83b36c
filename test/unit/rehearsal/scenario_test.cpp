#include "supervisor/rehearsal/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace podmedic::rehearsal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(scenario, is_a_fault_phases_and_files) {
  mistakes found;
  const scenario read = read_scenario("s.yaml", R"(
fault: {container: engine, signal: STOP}
phases: [{reason: Suspected, title: suspected}, {reason: Drained}]
files: [{volume: data, path: starts, lines: 2}]
)",
                                      found);
  EXPECT_THAT(found, IsEmpty());
  EXPECT_EQ(read.inject.signal, SIGSTOP);
  EXPECT_EQ(read.inject.to_text(), "SIGSTOP to container engine");
  ASSERT_THAT(read.phases, SizeIs(2));
  EXPECT_EQ(read.phases[1].title, "Drained");
  ASSERT_THAT(read.files, SizeIs(1));
  EXPECT_EQ(read.files[0].lines, 2);
}

TEST(scenario, needs_one_fault) {
  for (const char* text : {"phases: []", "fault: {container: a}", "fault: {container: a, signal: KILL, command: [x]}",
                           "fault: {container: a, signal: FREEZE}"}) {
    mistakes found;
    read_scenario("s.yaml", text, found);
    EXPECT_THAT(found, SizeIs(1)) << text;
  }
}

TEST(fault, is_stop_kill_or_a_command_of_a_container) {
  mistakes found;
  EXPECT_EQ(read_fault("engine: stop", found).signal, SIGSTOP);
  EXPECT_EQ(read_fault("engine:kill", found).signal, SIGKILL);
  const fault command = read_fault("engine: touch /tmp/a:b", found);
  EXPECT_EQ(command.signal, 0);
  EXPECT_THAT(command.command, ElementsAre("touch", "/tmp/a:b"));
  EXPECT_EQ(command.to_text(), "in container engine: touch /tmp/a:b");
  EXPECT_THAT(found, IsEmpty());
}

TEST(fault, without_container_or_deed_is_a_mistake) {
  for (const char* text : {"stop", ": stop", "engine:", ""}) {
    mistakes found;
    read_fault(text, found);
    EXPECT_THAT(found, SizeIs(1)) << text;
  }
}

TEST(phase_progress, is_complete_when_all_came_in_order_whatever_came_between) {
  phase_progress progress({{"A", "first"}, {"B", "second"}});
  ASSERT_NE(progress.take("A"), nullptr);
  EXPECT_EQ(progress.take("Other"), nullptr);
  EXPECT_FALSE(progress.complete());
  EXPECT_THAT(progress.missing(), ElementsAre("second"));
  EXPECT_EQ(progress.take("B")->title, "second");
  EXPECT_TRUE(progress.complete());
  EXPECT_THAT(progress.out_of_order(), IsEmpty());
}

TEST(phase_progress, names_what_came_too_early_or_again) {
  phase_progress progress({{"A", "first"}, {"B", "second"}});
  progress.take("B");
  progress.take("A");
  progress.take("B");
  progress.take("A");
  EXPECT_THAT(progress.out_of_order(), ElementsAre("\"second\" came when \"first\" was expected",
                                                   "\"first\" came when the last phase was over"));
}

}  // namespace
}  // namespace podmedic::rehearsal
