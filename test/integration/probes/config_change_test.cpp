#include "base/files.hpp"
#include "test/integration/probes/a_probe.hpp"
#include "test/support/child_process.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/mounted_volume.hpp"
#include "test/support/seen_processes.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace podmedic::probes {
namespace {

using test::child_process;
using test::mounted_volume;
using testing::HasSubstr;
using testing::StartsWith;

/// A ConfigMap as the kubelet mounts it, and a process that has read it at its start.
class config_change_probe : public a_probe {
 protected:
  config_change_probe() {
    around.memory_file = state.file("probe-test");
    start_container();
  }
  void start_container() {
    container = std::make_unique<child_process>(std::vector<std::string>{"/bin/sleep", "1000"});
    processes.given = test::seen_processes("engine", {container->pid()});
  }
  /// All processes of the Pod start anew, podmedic too.
  void restart_all_containers() {
    const instant before = read_proc_stat(container->pid())->started;
    ASSERT_TRUE(test::holds_soon([&] {  // in another tick of the kernel's clock
      start_container();
      return read_proc_stat(container->pid())->started != before;
    }));
  }
  std::unique_ptr<probe> of(const std::string& files, const std::string& settle = "0") {
    return make("{configChange: {files: [" + files + "], settleSeconds: " + settle + "}}");
  }
  bool says_soon(probe& asked, const std::string& expected) {
    return test::holds_soon([&] { return ask(asked).starts_with(expected); });
  }

  test::temporary_directory state;
  mounted_volume volume{{{"app.yaml", "workers: 1\n"}, {"other.yaml", ""}}};
  std::unique_ptr<child_process> container;
};

TEST_F(config_change_probe, sees_a_mounted_file_that_was_swapped_and_the_next_start_takes_it_into_effect) {
  const auto probe = of(volume.file("app.yaml"));
  const std::string pid = std::to_string(container->pid());
  EXPECT_EQ(ask(*probe), "Pass: as main process " + pid + " started with");
  volume.update({{"app.yaml", "workers: 1\n"}, {"other.yaml", "not watched"}});
  EXPECT_THAT(ask(*probe), StartsWith("Pass"));
  volume.update({{"app.yaml", "workers: 2\n"}, {"other.yaml", ""}});
  EXPECT_EQ(ask(*probe),
            "Fail ConfigChanged: " + volume.file("app.yaml") + " changed since main process " + pid + " started");

  restart_all_containers();
  const auto next_life = of(volume.file("app.yaml"));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(ask(*next_life), StartsWith("Pass"));
}

TEST_F(config_change_probe, sees_a_change_that_happened_while_podmedic_was_away) {
  ASSERT_THAT(ask(*of(volume.file("app.yaml"))), StartsWith("Pass"));
  volume.update({{"app.yaml", "workers: 2\n"}});
  EXPECT_THAT(ask(*of(volume.file("app.yaml"))), StartsWith("Fail ConfigChanged"));
}

TEST_F(config_change_probe, waits_until_a_change_has_settled) {
  const auto probe = of(volume.file("app.yaml"), "0.3");
  ASSERT_THAT(ask(*probe), StartsWith("Pass"));
  volume.update({{"app.yaml", "workers: 2\n"}});
  EXPECT_THAT(ask(*probe), HasSubstr("settles for"));
  EXPECT_TRUE(says_soon(*probe, "Fail ConfigChanged"));
}

TEST_F(config_change_probe, sees_a_file_of_the_same_length_that_was_written_in_place) {
  const std::string file = state.write("plain.yaml", "a");
  const auto probe = of(file);
  ASSERT_THAT(ask(*probe), StartsWith("Pass"));
  for (const char* content : {"b", "c", "d"}) {
    state.write("plain.yaml", content);
    EXPECT_THAT(ask(*probe), StartsWith("Fail ConfigChanged")) << content;
  }
  state.write("plain.yaml", "a");
  EXPECT_THAT(ask(*probe), StartsWith("Pass"));
}

TEST_F(config_change_probe, knows_nothing_where_it_cannot_read_all_or_nobody_runs) {
  const auto probe = of(volume.file("app.yaml") + ", " + state.file("late.yaml"));
  EXPECT_THAT(ask(*probe), StartsWith("Unknown FileMissing: "));
  EXPECT_THAT(ask_once("{configChange: {files: [/proc/self/mem]}}"), StartsWith("Unknown FileUnreadable"));
  EXPECT_THAT(ask_once("{configChange: {files: [/dev/null]}}"), StartsWith("Unknown FileUnreadable"));
  state.write("late.yaml", std::string(9 * 1024 * 1024, 'x'));
  EXPECT_THAT(ask(*probe), StartsWith("Unknown FileTooLong"));
  state.write("late.yaml", "short");
  EXPECT_THAT(ask(*probe), StartsWith("Pass"));
  processes.given = diagnosis{"ContainerNotRunning", "no process"};
  EXPECT_THAT(ask(*probe), StartsWith("Unknown ContainerNotRunning"));
}

TEST_F(config_change_probe, looks_into_the_container_where_the_paths_are_its_own) {
  around.container = "engine";
  around.in_container = true;
  const auto probe = of(volume.file("app.yaml"));
  ASSERT_THAT(ask(*probe), StartsWith("Pass"));
  volume.update({{"app.yaml", "workers: 2\n"}});
  EXPECT_THAT(ask(*probe), StartsWith("Fail ConfigChanged"));
}

TEST_F(config_change_probe, restarts_nothing_for_a_memory_that_cannot_be_written) {
  around.memory_file = state.file("no/such/directory");
  const auto probe = of(volume.file("app.yaml"));
  EXPECT_THAT(ask(*probe), HasSubstr("not kept for podmedic's next life: "));
  volume.update({{"app.yaml", "workers: 2\n"}});
  EXPECT_THAT(ask(*probe), StartsWith("Fail ConfigChanged")) << "this life knows it";
  restart_all_containers();
  EXPECT_THAT(ask(*of(volume.file("app.yaml"))), StartsWith("Pass"));
}

TEST_F(config_change_probe, says_what_it_saw_so_that_it_can_be_judged_again) {
  std::vector<std::string> samples;
  around.on_sample = [&](const std::string& sample) { samples.push_back(sample); };
  const auto probe = of(volume.file("app.yaml"));
  ask(*probe);
  volume.update({{"app.yaml", "workers: 2\n"}});
  ask(*probe);
  ASSERT_EQ(samples.size(), 2U);

  mistakes found;
  fields own = fields::parse("test", "{files: [/a], settleSeconds: 5}", found);
  const auto is_this = [](const kind& one) { return one.name == "configChange"; };
  const sample_judge judge = std::find_if(kinds().begin(), kinds().end(), is_this)->read(own).replay();
  EXPECT_TRUE(std::holds_alternative<pass>(judge(samples[0], 0s)));
  EXPECT_TRUE(std::holds_alternative<pass>(judge(samples[1], 10s)));
  EXPECT_TRUE(std::holds_alternative<fail>(judge(samples[1], 15s)));
  EXPECT_THROW(judge("nothing", 20s), std::invalid_argument);
}

}  // namespace
}  // namespace podmedic::probes
