// The whole command, on the example and real processes.
#include "base/process_table.hpp"
#include "test/integration/rehearsal/rehearsed_example.hpp"
#include "test/support/directories.hpp"
#include "test/support/holds_soon.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace podmedic {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string scenario_file = test::source_directory() + "/examples/wedged-grpc/scenario.yaml";

/// The processes of a rehearsal that are alive; its logs lie in DIRECTORY/logs, and DIRECTORY's name is PODMEDIC_POD.
std::vector<std::string> left_of(const std::string& log_directory) {
  const std::string pod = std::filesystem::path(log_directory).parent_path().filename();
  std::vector<std::string> alive;
  for (const container_processes& group : proc_process_table(pod).containers({})) {
    for (const process& one : group.members) {
      if (one.state != 'Z') alive.push_back(group.name + ": " + one.command);
    }
  }
  return alive;
}

class rehearse : public ::testing::Test {
 protected:
  ~rehearse() override {
    if (log_directory().empty()) return;
    std::filesystem::remove_all(std::filesystem::path(log_directory()).parent_path());
  }
  std::string log_directory() {
    const auto started = example.lines("start");
    return started.empty() ? "" : started.front()["logs"].get<std::string>();
  }
  nlohmann::json summary() {
    const auto found = example.lines("summary");
    return found.empty() ? nlohmann::json::object() : found.front();
  }

  test::rehearsed_example example;
};

TEST_F(rehearse, the_wedged_server_goes_through_all_phases_and_one_restart_and_everything_ends) {
  example.start({"--scenario", scenario_file});
  EXPECT_EQ(example.wait(), 0) << example.errors() << summary();
  std::vector<std::string> titles;
  for (const auto& phase : example.lines("phase")) titles.push_back(phase["reason"]);
  EXPECT_THAT(titles, ::testing::ElementsAre("Suspected", "FailureConfirmed", "Draining", "Drained",
                                             "RestartingAllContainers", "Restarted", "Answering", "Recovered"));
  EXPECT_EQ(summary()["restartsOfAll"], 1);
  EXPECT_THAT(summary()["failures"], IsEmpty());
  EXPECT_GT(summary()["readyAgainSeconds"], 3.0);  // three checks, a second apart, must fail before anything is done
  EXPECT_THAT(left_of(log_directory()), IsEmpty());
}

TEST_F(rehearse, a_killed_server_is_the_kubelet_s_to_restart_and_podmedic_restarts_nothing) {
  example.start({"--fault", "engine: kill"});
  EXPECT_EQ(example.wait(), 0) << example.errors() << summary();
  EXPECT_EQ(summary()["restartsOfAll"], 0);
  std::vector<std::string> told;
  for (const auto& line : example.lines("container")) told.push_back(line["message"]);
  EXPECT_THAT(told, ::testing::Contains("container engine started again, restart 1"));
}

TEST_F(rehearse, a_wedged_container_is_restarted_alone_and_the_others_keep_their_processes) {
  test::replace_all(example.manifest, "    hook.podmedic.io/10-front: |",
                    "    probe.podmedic.io/front: |\n      {http: {port: " + example.http_port +
                        "}, container: front, onFailure: RestartContainer, periodSeconds: 1}\n"
                        "    hook.podmedic.io/10-front: |");
  example.start({"--fault", "front: stop"});
  EXPECT_EQ(example.wait(), 0) << example.errors() << summary();
  EXPECT_EQ(summary()["restartsOfAll"], 0);
  std::vector<std::string> told;
  for (const auto& line : example.lines("container")) told.push_back(line["message"]);
  EXPECT_THAT(told,
              ::testing::ElementsAre("container front exited with 0", "container front started again, restart 1"));
  std::vector<std::string> reasons;
  for (const auto& phase : example.lines("phase")) reasons.push_back(phase["reason"]);
  EXPECT_THAT(reasons, ::testing::Contains("RestartingContainer"));
}

TEST_F(rehearse, the_containers_wait_for_a_startup_hook_at_the_first_start_and_after_the_restart_of_all) {
  const std::string tries = example.directory.file("tries");
  test::replace_all(example.manifest, "    hook.podmedic.io/10-front: |",
                    "    hook.podmedic.io/05-third-time: |\n      exec: {command: [/bin/sh, -c, 'echo >> " + tries +
                        "; test $(($(wc -l < " + tries +
                        ") % 3)) = 0']}\n      phase: Startup\n"
                        "    hook.podmedic.io/10-front: |");
  example.start({"--fault", "engine: stop"});
  EXPECT_EQ(example.wait(), 0) << example.errors() << summary();
  std::vector<std::string> reasons;
  for (const auto& phase : example.lines("phase")) reasons.push_back(phase["reason"]);
  EXPECT_THAT(reasons, ::testing::IsSupersetOf({"StartupHeld", "StartupReleased", "Recovered"}));
  EXPECT_EQ(test::text_of(tries).size(), 6u) << "the third try of each start has worked";
}

TEST_F(rehearse, a_wrong_manifest_is_named_and_nothing_starts) {
  test::replace_all(example.manifest, "periodSeconds: 1}\n      securityContext",
                    "periodSeconds: soon}\n      securityContext");
  example.start({"--scenario", scenario_file});
  EXPECT_EQ(example.wait(), 1);
  EXPECT_THAT(example.errors(), HasSubstr("pod.yaml, line "));
  EXPECT_THAT(example.errors(), HasSubstr("spec.containers[0].readinessProbe.periodSeconds: expected a "));
  EXPECT_THAT(example.lines(), IsEmpty());
}

TEST_F(rehearse, a_port_in_use_is_named_before_anything_starts) {
  const test::held_port taken;
  taken.listen();
  test::replace_all(example.manifest, "containerPort: " + example.grpc_port, "containerPort: " + taken.number());
  example.start({"--scenario", scenario_file});
  EXPECT_EQ(example.wait(), 1);
  EXPECT_THAT(example.errors(), HasSubstr("port " + taken.number() + " of container engine is in use"));
  EXPECT_THAT(example.lines(), IsEmpty());
}

TEST_F(rehearse, a_fault_in_a_container_that_is_not_there_is_named) {
  example.start({"--fault", "engin: kill"});
  EXPECT_EQ(example.wait(), 1);
  EXPECT_THAT(example.errors(), HasSubstr("the fault's container \"engin\" is none of the Pod's"));
}

TEST_F(rehearse, interrupted_it_ends_all_containers_in_order) {
  example.start({"--scenario", scenario_file});
  ASSERT_TRUE(test::holds_soon([&] { return !example.lines("fault").empty(); })) << example.errors();
  ::kill(example.rehearsal->pid(), SIGINT);
  EXPECT_EQ(example.wait(), 130);
  EXPECT_THAT(summary()["failures"], ::testing::Contains("interrupted"));
  EXPECT_THAT(left_of(log_directory()), IsEmpty());
}

TEST_F(rehearse, killed_it_leaves_no_container_behind) {
  example.start({"--scenario", scenario_file});
  ASSERT_TRUE(test::holds_soon([&] { return !example.lines("ready").empty(); })) << example.errors();
  ASSERT_FALSE(left_of(log_directory()).empty());
  ::kill(example.rehearsal->pid(), SIGKILL);
  example.wait();
  EXPECT_TRUE(test::holds_soon([&] { return left_of(log_directory()).empty(); }));
}

}  // namespace
}  // namespace podmedic
