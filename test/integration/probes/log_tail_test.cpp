#include "test/integration/probes/a_probe.hpp"
#include "test/support/as_user.hpp"
#include "test/support/child_process.hpp"
#include "test/support/directories.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/seen_processes.hpp"
#include "test/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

// Real shippers on real files: tail (coreutils), rsyslogd's imfile, logtail, and where Go is installed the library that
// several shippers read with (github.com/nxadm/tail).

namespace podmedic::probes {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

class log_tail_probe : public a_probe {
 protected:
  const test::temporary_directory directory;
  const std::string log = directory.write("app.log", std::string(1000, '.') + "\n");
  std::optional<test::child_process> shipper;

  /// /bin/sh, so that what the shipper ships can be dropped.
  void ship_by(const std::string& script) {
    const std::string path = "PATH=/usr/bin:/bin:/usr/sbin:/sbin";
    shipper.emplace(std::vector<std::string>{"/bin/sh", "-c", script}, std::vector<std::string>{path});
  }
  void see() { processes.given = test::seen_processes("log-shipper", {shipper->pid()}); }
  std::string config(const std::string& path) const {
    return "{logTail: {path: \"" + path + "\", maxLag: 64Ki, stalledSeconds: 0.8}}";
  }
  std::unique_ptr<probe> make_probe() { return make(config(log)); }

  void write(const std::string& path, int lines = 20) const {
    std::ofstream file(path, std::ios::app);
    for (int i = 0; i < lines; ++i) file << std::string(1000, 'x') << '\n';
  }
  /// Asks while the application writes, until the answer begins so; the last answer.
  std::string until(probe& asked, const std::string& wanted, const std::string& path) {
    std::string last;
    test::holds_soon([&] {
      write(path);
      see();
      last = ask(asked);
      return last.starts_with(wanted);
    });
    return last;
  }
  /// Whether all of a while under load that is longer than stalledSeconds is well, but for what the first looks do not
  /// know yet.
  std::string under_load(probe& asked, const std::string& path) {
    std::string worst = until(asked, "Pass", path);
    const auto end = std::chrono::steady_clock::now() + 1100ms;
    test::holds_soon([&] {
      write(path);
      see();
      const std::string said = ask(asked);
      if (!said.starts_with("Pass")) worst = said;
      return std::chrono::steady_clock::now() > end;
    });
    return worst;
  }
};

TEST_F(log_tail_probe, passes_a_tail_under_load_and_an_idle_one_and_fails_it_when_it_is_stopped) {
  ship_by("exec tail -F " + log + " >/dev/null");
  const auto asked = make_probe();
  EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
  // Idle: nothing is written for longer than stalledSeconds.
  const auto end = std::chrono::steady_clock::now() + 1100ms;
  EXPECT_TRUE(test::holds_soon([&] {
    see();
    EXPECT_THAT(ask(*asked), StartsWith("Pass: "));
    return std::chrono::steady_clock::now() > end;
  }));
  ::kill(shipper->pid(), SIGSTOP);
  EXPECT_THAT(until(*asked, "Fail", log),
              StartsWith("Fail ReaderStalled: " + log + ": the shipper has read nothing for "));
  ::kill(shipper->pid(), SIGCONT);
  EXPECT_THAT(until(*asked, "Pass", log), StartsWith("Pass: "));
}

TEST_F(log_tail_probe, finds_a_shipper_that_was_restarted_and_opens_late_a_log_that_does_not_grow) {
  ship_by("exec tail -F " + log + " >/dev/null");
  const auto asked = make_probe();
  EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
  ship_by("while ! test -e " + directory.file("go") + "; do sleep 0.05; done; exec tail -F " + log + " >/dev/null");
  see();
  EXPECT_THAT(ask(*asked), StartsWith("Unknown NobodyReads: "));
  directory.write("go", "");
  std::string last;
  EXPECT_TRUE(test::holds_soon([&] {
    see();
    last = ask(*asked);
    return last.starts_with("Pass: ");
  })) << last;
}

TEST_F(log_tail_probe, tells_a_tail_that_stays_with_the_renamed_file_from_one_that_follows_the_name) {
  for (const auto& [option, expected] : {std::pair("-f", "Fail FileNotFollowed: "), std::pair("-F", "Pass: ")}) {
    ship_by("exec tail " + std::string(option) + " " + log + " >/dev/null");
    const auto asked = make_probe();
    EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
    std::filesystem::rename(log, log + ".1");
    directory.write("app.log", "");
    EXPECT_THAT(expected == std::string("Pass: ") ? under_load(*asked, log) : until(*asked, "Fail", log),
                StartsWith(expected));
  }
}

TEST_F(log_tail_probe, knows_the_renamed_file_by_its_name_where_podmedic_started_later) {
  ship_by("exec tail -f " + log + " >/dev/null");
  under_load(*make_probe(), log);
  std::filesystem::rename(log, log + ".1");
  directory.write("app.log", "");
  EXPECT_THAT(until(*make_probe(), "Fail", log), HasSubstr("it still has the file that was there before"));
}

TEST_F(log_tail_probe, fails_a_tail_that_stays_with_a_deleted_file) {
  ship_by("exec tail -f " + log + " >/dev/null");
  const auto asked = make_probe();
  EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
  std::filesystem::remove(log);
  EXPECT_TRUE(test::holds_soon([&] {  // until all of it was read
    see();
    return ask(*asked) == "Pass: 0 bytes unread";
  }));
  EXPECT_THAT(until(*asked, "Fail", log), StartsWith("Fail FileNotFollowed: "));
}

TEST_F(log_tail_probe, waits_for_a_file_that_is_not_there_yet) {
  const std::string later = directory.file("later.log");
  ship_by("exec tail -F " + later + " >/dev/null 2>&1");
  see();
  const auto asked = make(config(later));
  EXPECT_EQ(ask(*asked),
            "Unknown FileMissing: " + later + ": there is no such file, and no process of the shipper has it open");
  EXPECT_THAT(until(*asked, "Pass", later), StartsWith("Pass: "));
}

TEST_F(log_tail_probe, follows_a_glob_through_rotations) {
  const std::string first = directory.write("rotated-1.log", "");
  const std::string second = directory.file("rotated-2.log");
  ship_by("exec tail -F " + first + " " + second + " >/dev/null 2>&1");
  see();
  const auto asked = make(config(directory.file("rotated-*.log")));
  EXPECT_THAT(under_load(*asked, first), StartsWith("Pass: "));
  EXPECT_THAT(until(*asked, "Pass", second), StartsWith("Pass: "));
  EXPECT_THAT(under_load(*asked, second), StartsWith("Pass: "));
  ::kill(shipper->pid(), SIGSTOP);
  EXPECT_THAT(until(*asked, "Fail", second), StartsWith("Fail ReaderStalled: "));
}

TEST_F(log_tail_probe, bears_a_shipper_that_reads_in_bursts) {
  ship_by("exec 3<" + log + "; while :; do head -c 1G <&3 >/dev/null; sleep 0.4; done");
  const auto asked = make_probe();
  EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
}

TEST_F(log_tail_probe, never_fails_a_shipper_that_opens_the_file_only_to_read) {
  ship_by("while :; do logtail -f " + log + " -o " + directory.file("offset") + " >/dev/null; sleep 0.3; done");
  const auto asked = make_probe();
  const auto end = std::chrono::steady_clock::now() + 2500ms;
  EXPECT_TRUE(test::holds_soon([&] {
    write(log);
    see();
    EXPECT_THAT(ask(*asked), AnyOf(StartsWith("Pass: "), StartsWith("Unknown NobodyReads: ")));
    return std::chrono::steady_clock::now() > end;
  }));
}

class log_tail_probe_of_rsyslog : public log_tail_probe {
 protected:
  void ship_by_rsyslog(const std::string& options = "") {
    const std::string configuration = directory.write(
        "rsyslog.conf", "global(workDirectory=\"" + directory.path() +
                            "\")\nmodule(load=\"imfile\" mode=\"inotify\")\n" + "input(type=\"imfile\" File=\"" + log +
                            "\" Tag=\"app\" " + options + ")\n" + "action(type=\"omfile\" file=\"" +
                            directory.file("shipped") + "\")\n");
    shipper.emplace(std::vector<std::string>{"/usr/sbin/rsyslogd", "-n", "-f", configuration, "-i",
                                             directory.file("rsyslogd.pid")});
  }
};

TEST_F(log_tail_probe_of_rsyslog, passes_under_load_and_through_a_rename_and_fails_when_it_is_stopped) {
  ship_by_rsyslog();
  const auto asked = make_probe();
  EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
  std::filesystem::rename(log, log + ".1");
  directory.write("app.log", "");
  EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
  ::kill(shipper->pid(), SIGSTOP);
  EXPECT_THAT(until(*asked, "Fail", log), StartsWith("Fail ReaderStalled: "));
}

TEST_F(log_tail_probe_of_rsyslog, fails_when_it_waits_behind_the_end_of_a_truncated_file) {
  ship_by_rsyslog();  // without reopenOnTruncate
  const auto asked = make_probe();
  write(log, 20'000);
  EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
  std::filesystem::copy(log, log + ".1");
  std::filesystem::resize_file(log, 0);
  write(log, 200);
  std::string last;
  EXPECT_TRUE(test::holds_soon([&] {
    see();
    last = ask(*asked);
    return last.starts_with("Fail");
  }));
  EXPECT_THAT(last, HasSubstr("is behind the end of the truncated file"));
}

TEST_F(log_tail_probe_of_rsyslog, passes_one_that_notices_the_truncation) {
  ship_by_rsyslog("reopenOnTruncate=\"on\"");
  const auto asked = make_probe();
  EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
  std::filesystem::resize_file(log, 0);
  EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
}

#ifdef HAVE_GO_TOOLS
TEST_F(log_tail_probe, judges_the_library_that_shippers_read_with) {
  ship_by("exec " + test::binary_directory() + "/tools/gotail -F " + log + " >/dev/null 2>&1");
  const auto asked = make_probe();
  EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
  std::filesystem::rename(log, log + ".1");
  directory.write("app.log", "");
  EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
  std::filesystem::resize_file(log, 0);  // copytruncate
  EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
  ::kill(shipper->pid(), SIGSTOP);
  EXPECT_THAT(until(*asked, "Fail", log), StartsWith("Fail ReaderStalled: "));
}
#endif

/// Needs root: another user, and a mount namespace.
class log_tail_probe_across_containers : public log_tail_probe {
 protected:
  static constexpr uid_t user = 65'534;
  void SetUp() override { ::chmod(directory.path().c_str(), 0755); }
  std::string ask_as_user(const std::string& fields) {
    return test::as_user(user, [&] { return ask_once(fields); });
  }
};

TEST_F(log_tail_probe_across_containers, needs_no_capability_for_a_shipper_of_the_same_user) {
  ship_by("exec setpriv --reuid 65534 --regid 65534 --clear-groups tail -F " + log + " >/dev/null");
  EXPECT_TRUE(test::holds_soon([&] {
    see();
    return ask_as_user(config(log)).starts_with("Pass: ");
  }));
}

TEST_F(log_tail_probe_across_containers, says_which_right_is_missing) {
  ship_by("exec tail -F " + log + " >/dev/null");
  const std::string pid = std::to_string(shipper->pid());
  EXPECT_TRUE(test::holds_soon([&] {
    see();
    return std::get<container_processes>(processes.given).members.front().command == "tail";
  }));
  EXPECT_EQ(
      ask_as_user(config(log)),
      "Unknown ProcessNotReadable: read /proc/" + pid +
          "/fd: Permission denied (tail): podmedic runs as uid 65534 and "
          "needs the uid of that process and its capabilities, or CAP_SYS_PTRACE: set the same runAsUser for both");
}

TEST_F(log_tail_probe_across_containers, finds_the_file_in_the_root_of_the_container) {
  // The shipper sees its log where podmedic has none.
  ship_by("exec unshare --mount sh -c 'mount --bind " + directory.path() +
          " /mnt && exec tail -F /mnt/app.log >/dev/null'");
  around.in_container = true;
  const auto asked = make(config("/mnt/app.log"));
  EXPECT_THAT(under_load(*asked, log), StartsWith("Pass: "));
  ::kill(shipper->pid(), SIGSTOP);
  EXPECT_THAT(until(*asked, "Fail", log), StartsWith("Fail ReaderStalled: /mnt/app.log: "));
}

TEST_F(log_tail_probe, names_every_mistake) {
  const auto mistake_in = [&](const std::string& text) {
    try {
      make(text);
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(mistake_in("{logTail: {}}"), HasSubstr("logTail.path"));
  EXPECT_THAT(mistake_in("{logTail: {path: app.log}}"), HasSubstr("absolute path"));
  EXPECT_THAT(mistake_in("{logTail: {path: /logs/}}"), HasSubstr("absolute path"));
  EXPECT_THAT(mistake_in("{logTail: {path: \"/logs/*/app.log\"}}"), HasSubstr("not its directory"));
  EXPECT_THAT(mistake_in("{logTail: {path: /logs/app.log, maxLag: -1}}"), HasSubstr("logTail.maxLag"));
  EXPECT_THAT(mistake_in("{logTail: {path: /logs/app.log, stalledSeconds: 0}}"), HasSubstr("logTail.stalledSeconds"));
}

}  // namespace
}  // namespace podmedic::probes
