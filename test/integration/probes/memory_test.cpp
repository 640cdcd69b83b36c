#include "test/integration/probes/a_probe.hpp"
#include "test/support/as_user.hpp"
#include "test/support/child_process.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/seen_processes.hpp"
#include "test/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace podmedic::probes {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A cgroup of the test's own with a limit of 64 MiB, and a process in it. On v1 or v2, whichever hierarchy of the
/// machine has the memory controller; needs root.
class memory_cgroup_of_the_test {
 public:
  memory_cgroup_of_the_test() {
    const std::string name = "podmedic-test-" + std::to_string(::getpid());
    v2_ = !std::filesystem::exists("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    directory_ = (v2_ ? "/sys/fs/cgroup/" : "/sys/fs/cgroup/memory/") + name;
    std::filesystem::create_directory(directory_);
    std::ofstream(directory_ + (v2_ ? "/memory.max" : "/memory.limit_in_bytes")) << 64 * 1024 * 1024;
  }
  ~memory_cgroup_of_the_test() {
    test::holds_soon([&] { return ::rmdir(directory_.c_str()) == 0 || errno != EBUSY; });
  }
  memory_cgroup_of_the_test(const memory_cgroup_of_the_test&) = delete;
  memory_cgroup_of_the_test& operator=(const memory_cgroup_of_the_test&) = delete;

  /// Runs a Python program in it.
  std::vector<std::string> running(const std::string& program) const {
    return {"/bin/sh", "-c", "echo $$ > " + directory_ + "/cgroup.procs && exec /usr/bin/python3 -c \"$1\"", "sh",
            program};
  }
  bool v2() const { return v2_; }

 private:
  bool v2_ = false;
  std::string directory_;
};

class memory_probe : public a_probe {
 protected:
  const memory_cgroup_of_the_test cgroup;
  std::optional<test::child_process> child;
  std::string seen;

  void run(const std::string& program) {
    around.on_sample = [this](const std::string& sample) { seen = sample; };
    child.emplace(cgroup.running(program));
    ASSERT_TRUE(test::holds_soon([&] {
      see();
      return std::get<container_processes>(processes.given).members.front().command == "python3";
    }));
    RecordProperty("layout", cgroup.v2() ? "v2" : "v1");
  }
  void see() { processes.given = test::seen_processes("engine", {child->pid()}); }
  std::string until(probe& asked, const std::string& wanted) {
    std::string last;
    test::holds_soon([&] {
      see();
      last = ask(asked);
      return last.starts_with(wanted);
    });
    return last;
  }
};

// Grows by a megabyte every 50 ms, and would be killed after three seconds.
constexpr const char* leak = "import time\nkept = []\nwhile True: kept.append(b'x' * 1_000_000); time.sleep(0.05)";

TEST_F(memory_probe, fails_a_leak_by_its_trend_before_the_kernel_kills_it) {
  run(leak);
  const auto asked = make("{memory: {timeToLimitSeconds: 1.5, windowSeconds: 1.5}}");
  EXPECT_THAT(until(*asked, "Fail"), StartsWith("Fail MemoryRunsOut: "));
  EXPECT_EQ(::kill(child->pid(), 0), 0);
  EXPECT_THAT(seen, HasSubstr(cgroup.v2() ? "layout=v2" : "layout=v1"));
  EXPECT_THAT(seen, HasSubstr("limit=67108864"));
}

TEST_F(memory_probe, fails_a_leak_by_its_use_before_the_kernel_kills_it) {
  run(leak);
  const auto asked = make("{memory: {maxUsage: 70%}}");
  EXPECT_THAT(until(*asked, "Fail"), HasSubstr("MiB of 64.0 MiB (7"));
  EXPECT_EQ(::kill(child->pid(), 0), 0);
}

TEST_F(memory_probe, passes_one_that_collects_its_garbage) {
  run("import time\nkept = []\nwhile True:\n  kept.append(b'x' * 1_000_000); time.sleep(0.02)\n  if len(kept) > 25: "
      "kept.clear()");
  const auto asked = make("{memory: {timeToLimitSeconds: 1.5, windowSeconds: 1.5, maxUsage: 90%}}");
  const auto end = std::chrono::steady_clock::now() + 4s;
  EXPECT_TRUE(test::holds_soon([&] {
    see();
    EXPECT_THAT(ask(*asked), StartsWith("Pass: "));
    return std::chrono::steady_clock::now() > end;
  }));
}

TEST_F(memory_probe, does_not_count_page_cache) {
  const test::temporary_directory directory;
  const std::string file = directory.write("large", std::string(50 << 20, 'x'));
  // Read twice: cache that is in use.
  run("import time\nfor i in range(3): open('" + file + "', 'rb').read()\nopen('" + directory.file("done") +
      "', 'w')\ntime.sleep(600)");
  ASSERT_TRUE(test::holds_soon([&] { return std::filesystem::exists(directory.file("done")); }));
  EXPECT_THAT(ask_once("{memory: {maxUsage: 60%}}"), StartsWith("Pass: "));
}

TEST_F(memory_probe, says_which_right_is_missing) {
  run("import time; time.sleep(600)");
  EXPECT_THAT(test::as_user(65'534, [&] { return ask_once("{memory: {maxUsage: 60%}}"); }),
              HasSubstr("podmedic runs as uid 65534 and needs the uid of its process"));
}

/// The layout of v2 as files that the test wrote: a fixture, for machines whose memory controller is on v1.
class memory_probe_on_a_fixture : public a_probe {
 protected:
  const test::temporary_directory directory;
  void SetUp() override {
    directory.write("17/cgroup", "0::/../cri-containerd-ab.scope\n");
    directory.write("17/mountinfo", "700 699 0:29 /../cri-containerd-ab.scope /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    directory.write("17/root/sys/fs/cgroup/memory.current", "95000000\n");
    directory.write("17/root/sys/fs/cgroup/memory.max", "100000000\n");
    directory.write(
        "17/root/sys/fs/cgroup/memory.stat",
        "anon 60000000\nfile 30000000\ninactive_file 20000000\nactive_file 10000000\nslab_reclaimable 5000000\n");
    around.proc_root = directory.path();
    processes.given = container_processes{"engine", "ab", {{17, 0, 'S', instant{}, "ab", "engine", "python3"}}};
  }
};

TEST_F(memory_probe_on_a_fixture, reads_the_layout_of_v2) {
  EXPECT_EQ(ask_once("{memory: {maxUsage: 90%}}"), "Pass: 57.2 MiB of 95.4 MiB (60 %) in use");
  EXPECT_THAT(ask_once("{memory: {maxUsage: 50%}}"), StartsWith("Fail TooMuchMemory: "));
  directory.write("17/root/sys/fs/cgroup/memory.max", "max\n");
  EXPECT_THAT(ask_once("{memory: {maxUsage: 50%}}"), StartsWith("Unknown NoLimit: "));
  EXPECT_EQ(ask_once("{memory: {maxUsage: 70%, limit: 100M}}"), "Pass: 57.2 MiB of 95.4 MiB (60 %) in use");
}

TEST_F(memory_probe_on_a_fixture, names_what_it_cannot_read) {
  std::filesystem::remove(directory.file("17/root/sys/fs/cgroup/memory.stat"));
  EXPECT_THAT(ask_once("{memory: {maxUsage: 90%}}"),
              StartsWith("Unknown FileMissing: open /sys/fs/cgroup/memory.stat: "));
  directory.write("17/mountinfo", "");
  EXPECT_THAT(ask_once("{memory: {maxUsage: 90%}}"), StartsWith("Unknown CgroupNotFound: "));
}

TEST_F(memory_probe_on_a_fixture, names_every_mistake) {
  for (const char* text :
       {"{memory: {}}", "{memory: {maxUsage: 0%}}", "{memory: {maxUsage: 0.9}}", "{memory: {timeToLimitSeconds: 0}}",
        "{memory: {maxUsage: 90%, windowSeconds: 60}}", "{memory: {timeToLimitSeconds: 60, windowSeconds: 30}}",
        "{memory: {maxUsage: 90%, limit: 0}}"}) {
    EXPECT_THROW(make(text), std::runtime_error) << text;
  }
}

}  // namespace
}  // namespace podmedic::probes
