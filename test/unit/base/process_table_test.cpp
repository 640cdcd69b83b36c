#include "base/process_table.hpp"

#include "test/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>

namespace podmedic {
namespace {

using namespace std::chrono_literals;

const std::string engine_id(64, 'a');
const std::string shipper_id(64, 'b');
const std::string sandbox_id(64, 'c');

/// A /proc as the kernel shows it to podmedic in a shared PID namespace, with podmedic in a private cgroup namespace.
struct fake_proc {
  test::temporary_directory directory;

  fake_proc() {
    directory.write("self/cgroup", "0::/\n");
    directory.write("uptime", "9.9 9.9\n");  // what else is there is no process
    add({.pid = 1, .parent = 0, .ticks = 100, .cgroup = "0::/../" + sandbox_id + "\n", .command = "pause"});
  }

  struct entry {
    int pid;
    int parent;
    long ticks;
    std::string cgroup;
    std::string environment = {};
    std::string command = "server";
    char state = 'S';
  };
  void add(const entry& one) {
    const std::string name = std::to_string(one.pid);
    directory.write(name + "/stat", name + " (" + one.command + ") " + one.state + " " + std::to_string(one.parent) +
                                        " 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " + std::to_string(one.ticks) + " 0 0\n");
    directory.write(name + "/cgroup", one.cgroup);
    directory.write(name + "/environ", one.environment);
  }
  void remove(int pid) { std::filesystem::remove_all(directory.file(std::to_string(pid))); }
};

std::string engine_cgroup() {
  return "0::/../" + engine_id + "\n";
}
std::string shipper_cgroup() {
  return "0::/../" + shipper_id + "\n";
}

std::string environment_of(const std::string& container) {
  return std::string("HOME=/") + '\0' + "PODMEDIC_CONTAINER=" + container + '\0' + "PATH=/bin" + '\0';
}

std::vector<pid_t> pids(const container_processes& group) {
  std::vector<pid_t> found;
  for (const process& one : group.members) found.push_back(one.pid);
  return found;
}

const container_processes* find(const std::vector<container_processes>& groups, const std::string& id) {
  for (const container_processes& group : groups) {
    if (group.id == id) return &group;
  }
  return nullptr;
}

const std::map<std::string, std::string> no_names;

TEST(process_table, groups_processes_by_container_with_the_main_process_first) {
  fake_proc proc;
  proc.add({.pid = 7, .parent = 0, .ticks = 200, .cgroup = engine_cgroup()});
  proc.add({.pid = 12, .parent = 7, .ticks = 300, .cgroup = engine_cgroup()});
  proc.add({.pid = 5, .parent = 7, .ticks = 400, .cgroup = engine_cgroup()});   // pids wrap around
  proc.add({.pid = 30, .parent = 0, .ticks = 900, .cgroup = engine_cgroup()});  // kubectl exec: parent outside too
  proc.add({.pid = 9, .parent = 0, .ticks = 250, .cgroup = shipper_cgroup()});
  const proc_process_table table({}, proc.directory.path());
  const auto groups = table.containers(no_names);
  ASSERT_EQ(groups.size(), 2u);  // and the sandbox's pause process is in none
  EXPECT_EQ(pids(*find(groups, engine_id)), (std::vector<pid_t>{7, 12, 5, 30}));
  EXPECT_EQ(pids(*find(groups, shipper_id)), (std::vector<pid_t>{9}));
}

TEST(process_table, of_processes_that_started_in_the_same_tick_the_one_with_its_parent_outside_is_main) {
  fake_proc proc;
  proc.add({.pid = 300, .parent = 0, .ticks = 200, .cgroup = engine_cgroup()});
  proc.add({.pid = 2, .parent = 300, .ticks = 200, .cgroup = engine_cgroup()});
  const proc_process_table table({}, proc.directory.path());
  EXPECT_EQ(pids(*find(table.containers(no_names), engine_id)), (std::vector<pid_t>{300, 2}));
}

TEST(process_table, what_a_process_is_comes_from_its_stat) {
  fake_proc proc;
  proc.add({.pid = 7, .parent = 0, .ticks = 1234, .cgroup = engine_cgroup(), .command = "python3 -m x", .state = 'D'});
  const proc_process_table table({}, proc.directory.path());
  const auto groups = table.containers(no_names);
  const process& main = find(groups, engine_id)->members[0];
  EXPECT_EQ(main.command, "python3 -m x");
  EXPECT_EQ(main.state, 'D');
  EXPECT_EQ(main.started.time_since_epoch(), milliseconds(1234 * 1'000 / ::sysconf(_SC_CLK_TCK)));
  EXPECT_EQ(main.container_id, engine_id);
}

TEST(process_table, a_container_is_named_by_the_environment_of_any_of_its_processes) {
  fake_proc proc;
  proc.add({.pid = 7, .parent = 0, .ticks = 200, .cgroup = engine_cgroup()});  // env -i
  proc.add({.pid = 8, .parent = 7, .ticks = 201, .cgroup = engine_cgroup(), .environment = environment_of("engine")});
  const proc_process_table table({}, proc.directory.path());
  const auto groups = table.containers(no_names);
  EXPECT_EQ(groups[0].name, "engine");
  EXPECT_EQ(groups[0].members[0].container_name, "engine");
}

TEST(process_table, the_pods_status_overrules_what_a_container_says_of_itself) {
  fake_proc proc;
  proc.add({.pid = 7, .parent = 0, .ticks = 200, .cgroup = engine_cgroup(), .environment = environment_of("podmedic")});
  const proc_process_table table({}, proc.directory.path());
  EXPECT_EQ(table.containers(no_names)[0].name, "podmedic");
  EXPECT_EQ(table.containers({{engine_id, "engine"}})[0].name, "engine");
  EXPECT_EQ(table.containers(no_names)[0].name, "engine");  // an id never changes its name
}

TEST(process_table, a_container_whose_program_overwrote_its_environment_is_named_by_what_the_kubelet_mounted) {
  fake_proc proc;
  proc.add({.pid = 7, .parent = 0, .ticks = 200, .cgroup = engine_cgroup(), .environment = "title\n"});
  proc.directory.write(
      "7/mountinfo",
      "900 890 0:30 / /proc rw - proc proc rw\n"
      "901 890 8:1 /var/lib/kubelet/pods/3f0c/containers/proxy/0a1b2c3d /dev/termination-log rw - ext4 / rw\n");
  const proc_process_table table({}, proc.directory.path());
  EXPECT_EQ(table.containers(no_names)[0].name, "proxy");
}

TEST(process_table, a_container_that_nothing_names_has_no_name) {
  fake_proc proc;
  proc.add({.pid = 7,
            .parent = 0,
            .ticks = 200,
            .cgroup = engine_cgroup(),
            .environment = std::string("XPODMEDIC_CONTAINER=a") + '\0' + "PODMEDIC_CONTAINERS=b" + '\0'});
  const proc_process_table table({}, proc.directory.path());
  EXPECT_EQ(table.containers(no_names)[0].name, "");
}

TEST(process_table, a_container_gets_its_name_when_the_runtimes_init_has_become_its_program) {
  fake_proc proc;
  proc.add({.pid = 7, .parent = 0, .ticks = 200, .cgroup = engine_cgroup(), .command = "runc:[2:INIT]"});
  const proc_process_table table({}, proc.directory.path());
  EXPECT_EQ(table.containers(no_names)[0].name, "");
  proc.add({.pid = 7, .parent = 0, .ticks = 200, .cgroup = engine_cgroup(), .environment = environment_of("engine")});
  EXPECT_EQ(table.containers(no_names)[0].name, "engine");
}

TEST(process_table, a_process_that_is_still_in_its_parents_cgroup_is_found_when_it_has_been_moved) {
  fake_proc proc;
  proc.add({.pid = 7, .parent = 0, .ticks = 200, .cgroup = "0::/\n"});
  const proc_process_table table({}, proc.directory.path());
  EXPECT_TRUE(table.containers(no_names).empty());
  proc.add({.pid = 7, .parent = 0, .ticks = 200, .cgroup = engine_cgroup()});
  EXPECT_NE(find(table.containers(no_names), engine_id), nullptr);
}

TEST(process_table, a_zombie_keeps_the_container_that_its_cgroup_no_longer_tells) {
  fake_proc proc;
  proc.add({.pid = 7, .parent = 0, .ticks = 200, .cgroup = engine_cgroup()});
  const proc_process_table table({}, proc.directory.path());
  table.containers(no_names);
  proc.add({.pid = 7, .parent = 0, .ticks = 200, .cgroup = "4:memory:/\n0::/\n", .state = 'Z'});  // cgroup v1
  const auto groups = table.containers(no_names);
  ASSERT_NE(find(groups, engine_id), nullptr);
  EXPECT_EQ(find(groups, engine_id)->members[0].state, 'Z');
}

TEST(process_table, a_zombie_that_was_never_seen_alive_is_in_its_parents_container) {
  fake_proc proc;
  proc.add({.pid = 7, .parent = 0, .ticks = 200, .cgroup = engine_cgroup()});
  proc.add({.pid = 8, .parent = 7, .ticks = 300, .cgroup = "0::/\n", .state = 'Z'});
  const proc_process_table table({}, proc.directory.path());
  EXPECT_EQ(pids(*find(table.containers(no_names), engine_id)), (std::vector<pid_t>{7, 8}));
}

TEST(process_table, a_pid_that_was_given_to_a_new_process_is_looked_at_anew) {
  fake_proc proc;
  proc.add({.pid = 7, .parent = 0, .ticks = 200, .cgroup = engine_cgroup()});
  const proc_process_table table({}, proc.directory.path());
  table.containers(no_names);
  proc.add({.pid = 7, .parent = 0, .ticks = 201, .cgroup = shipper_cgroup()});
  const auto groups = table.containers(no_names);
  EXPECT_EQ(find(groups, engine_id), nullptr);
  EXPECT_NE(find(groups, shipper_id), nullptr);
}

TEST(process_table, a_process_that_vanishes_while_it_is_looked_at_is_left_out) {
  fake_proc proc;
  proc.add({.pid = 7, .parent = 0, .ticks = 200, .cgroup = engine_cgroup()});
  std::filesystem::create_directory(proc.directory.file("8"));  // listed, then gone before it was read
  proc.add({.pid = 9, .parent = 7, .ticks = 300, .cgroup = engine_cgroup()});
  std::filesystem::remove(proc.directory.file("9/cgroup"));  // gone in the middle
  const proc_process_table table({}, proc.directory.path());
  EXPECT_EQ(pids(*find(table.containers(no_names), engine_id)), (std::vector<pid_t>{7}));
  proc.remove(7);
  EXPECT_TRUE(table.containers(no_names).empty());
}

TEST(process_table, a_proc_that_is_not_there_shows_nobody) {
  const proc_process_table table({}, "/nowhere");
  EXPECT_TRUE(table.containers(no_names).empty());
  EXPECT_FALSE(table.shares_namespace());
  EXPECT_FALSE(table.sandbox_age(instant(1s)));
}

TEST(process_table, the_namespace_is_shared_where_the_first_process_is_of_another_cgroup) {
  fake_proc proc;
  EXPECT_TRUE(proc_process_table({}, proc.directory.path()).shares_namespace());
  // podmedic below an init process of its own container
  proc.add({.pid = 1, .parent = 0, .ticks = 100, .cgroup = "0::/\n", .command = "tini"});
  EXPECT_FALSE(proc_process_table({}, proc.directory.path()).shares_namespace());
  EXPECT_FALSE(proc_process_table({}, proc.directory.path()).sandbox_age(instant(9s)));
}

TEST(process_table, the_sandbox_is_as_old_as_its_first_process) {
  fake_proc proc;
  const milliseconds started(100 * 1'000 / ::sysconf(_SC_CLK_TCK));
  EXPECT_EQ(proc_process_table({}, proc.directory.path()).sandbox_age(instant(started + 5s)), 5s);
}

TEST(process_table, in_a_rehearsal_containers_are_told_by_their_environment) {
  fake_proc proc;
  const auto rehearsed = [](const std::string& container, const std::string& pod) {
    return environment_of(container) + "PODMEDIC_POD=" + pod + '\0';
  };
  const std::string here = "0::/user.slice\n";
  proc.add({.pid = 20, .parent = 10, .ticks = 500, .cgroup = here, .environment = rehearsed("engine", "demo")});
  proc.add({.pid = 21, .parent = 20, .ticks = 501, .cgroup = here, .environment = rehearsed("engine", "demo")});
  proc.add({.pid = 22, .parent = 10, .ticks = 400, .cgroup = here, .environment = rehearsed("proxy", "demo")});
  proc.add({.pid = 23, .parent = 10, .ticks = 400, .cgroup = here, .environment = rehearsed("engine", "another")});
  proc.add({.pid = 24, .parent = 10, .ticks = 400, .cgroup = here});
  const proc_process_table table("demo", proc.directory.path());
  const auto groups = table.containers(no_names);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].name, "engine");
  EXPECT_EQ(pids(groups[0]), (std::vector<pid_t>{20, 21}));
  EXPECT_EQ(groups[1].name, "proxy");
  EXPECT_EQ(pids(groups[1]), (std::vector<pid_t>{22}));
  EXPECT_TRUE(table.shares_namespace());
}

}  // namespace
}  // namespace podmedic
