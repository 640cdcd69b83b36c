#include "base/files.hpp"

#include "test/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

namespace podmedic {
namespace {

std::string content_of(const std::string& path) {
  const auto read = read_file(path, 1 << 20);
  const auto* text = std::get_if<std::string>(&read);
  return text == nullptr ? "(not readable)" : *text;
}

int error_of(const std::variant<std::string, file_error>& read) {
  const auto* error = std::get_if<file_error>(&read);
  return error == nullptr ? 0 : error->code;
}

TEST(read_file, gives_the_whole_file_or_says_why_not) {
  const test::temporary_directory directory;
  const std::string path = directory.write("file", std::string(10'000, 'x'));
  EXPECT_EQ(std::get<std::string>(read_file(path, 10'000)).size(), 10'000u);
  EXPECT_EQ(error_of(read_file(path, 9'999)), EFBIG);
  EXPECT_FALSE(std::get<std::string>(read_file("/proc/self/status", 65'536)).empty());  // its size is given as 0
  EXPECT_EQ(error_of(read_file(directory.path(), 100)), EISDIR);
  const auto missing = read_file("/no/such/file", 100);
  EXPECT_EQ(std::get<file_error>(missing).message, "open /no/such/file: No such file or directory");
}

TEST(read_file, is_not_blocked_by_a_fifo_that_nobody_writes_to) {
  const test::temporary_directory directory;
  ASSERT_EQ(::mkfifo(directory.file("fifo").c_str(), 0600), 0);
  EXPECT_EQ(std::get<std::string>(read_file(directory.file("fifo"), 100)), "");
}

TEST(write_durably, makes_and_replaces_a_file_and_leaves_nothing_else_behind) {
  const test::temporary_directory directory;
  const std::string path = directory.file("ledger.json");
  EXPECT_EQ(write_durably(path, "first, longer").code, 0);
  EXPECT_EQ(content_of(path), "first, longer");
  EXPECT_EQ(write_durably(path, "second").code, 0);
  EXPECT_EQ(content_of(path), "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

TEST(write_durably, says_what_it_could_not_do_and_on_what) {
  const file_error error = write_durably("/no/such/directory/ledger.json", "x");
  EXPECT_EQ(error.code, ENOENT);
  EXPECT_EQ(error.message, "open /no/such/directory/ledger.json.tmp: No such file or directory");
}

TEST(write_durably, does_not_follow_a_link_in_the_place_of_the_temporary_file) {
  const test::temporary_directory directory;
  const std::string victim = directory.write("victim", "precious");
  ASSERT_EQ(::symlink(victim.c_str(), directory.file("ledger.json.tmp").c_str()), 0);
  EXPECT_EQ(write_durably(directory.file("ledger.json"), "x").code, ELOOP);
  EXPECT_EQ(content_of(victim), "precious");
}

TEST(write_durably, removes_the_temporary_file_when_it_cannot_take_the_place) {
  const test::temporary_directory directory;
  std::filesystem::create_directory(directory.file("ledger.json"));
  EXPECT_EQ(write_durably(directory.file("ledger.json"), "x").code, EISDIR);
  EXPECT_FALSE(std::filesystem::exists(directory.file("ledger.json.tmp")));
}

/// Runs it in a process of its own; its exit code.
int exit_code_of(const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(write_durably, on_a_full_disk_keeps_the_old_file_and_gives_the_space_back) {
  const test::temporary_directory directory;
  const std::string path = directory.write("ledger.json", "old");
  const int error = exit_code_of([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{1000, 1000};  // stands for the disk: write(2) takes a part, then fails
    ::setrlimit(RLIMIT_FSIZE, &small);
    return write_durably(path, std::string(5000, 'n')).code;
  });
  EXPECT_EQ(error, EFBIG);
  EXPECT_EQ(content_of(path), "old");
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
}

/// Stops a child at each entry into and return from a system call.
class traced_child {
 public:
  explicit traced_child(const std::function<void()>& act) {
    pid_ = ::fork();
    if (pid_ == 0) {
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::raise(SIGSTOP);
      act();
      ::_exit(0);
    }
    ::waitpid(pid_, &status_, 0);
    ::ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  }
  ~traced_child() { kill(); }
  /// To the next stop; false when the child has ended.
  bool step() {
    if (::ptrace(PTRACE_SYSCALL, pid_, nullptr, nullptr) != 0 || ::waitpid(pid_, &status_, 0) != pid_) return false;
    if (!WIFEXITED(status_) && !WIFSIGNALED(status_)) return true;
    pid_ = 0;
    return false;
  }
  /// The number of the call that it stands before; -1 after a call.
  long call() const {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof(info), &info) <= 0) return -1;
    return info.op == PTRACE_SYSCALL_INFO_ENTRY ? static_cast<long>(info.entry.nr) : -1;
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &status_, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  int status_ = 0;
};

TEST(write_durably, killed_between_any_two_system_calls_leaves_the_old_or_the_new_file_whole) {
  const test::temporary_directory directory;
  const std::string path = directory.file("ledger.json");
  const std::string before(9'000, 'o');
  const std::string after(20'000, 'n');
  bool old_seen = false;
  bool new_seen = false;
  bool ended = false;
  for (int stops = 0; !ended && stops < 200; ++stops) {
    ASSERT_EQ(write_durably(path, before).code, 0);  // also over what the last crash left behind
    traced_child child([&] { write_durably(path, after); });
    for (int i = 0; i < stops && !ended; ++i) ended = !child.step();
    child.kill();
    const std::string found = content_of(path);
    ASSERT_TRUE(found == before || found == after) << "killed at stop " << stops << ": " << found.size() << " bytes";
    old_seen = old_seen || found == before;
    new_seen = new_seen || found == after;
  }
  EXPECT_TRUE(ended) << "the child never came to its end";
  EXPECT_TRUE(old_seen);
  EXPECT_TRUE(new_seen);
}

TEST(write_durably, has_the_new_file_on_disk_before_it_takes_the_old_ones_place_and_the_directory_after) {
  const test::temporary_directory directory;
  traced_child child([&] { write_durably(directory.file("ledger.json"), "x"); });
  std::string order;
  while (child.step()) {
    switch (child.call()) {
      case SYS_fsync: order += "fsync "; break;
      case SYS_write: order += "write "; break;
#ifdef SYS_rename
      case SYS_rename:
#endif
      case SYS_renameat:
      case SYS_renameat2: order += "rename "; break;
      default: break;
    }
  }
  EXPECT_EQ(order, "write fsync rename fsync ");
}

TEST(write_durably, a_reader_at_any_moment_finds_a_whole_document) {
  const test::temporary_directory directory;
  const std::string path = directory.file("ledger.json");
  ASSERT_EQ(write_durably(path, std::string(50'000, 'a')).code, 0);
  const pid_t writer = ::fork();
  if (writer == 0) {
    for (int i = 0; i < 200; ++i) write_durably(path, std::string(i % 2 == 0 ? 100 : 50'000, i % 2 == 0 ? 'b' : 'a'));
    ::_exit(0);
  }
  int status = 0;
  int reads = 0;
  while (::waitpid(writer, &status, WNOHANG) == 0) {
    const std::string found = content_of(path);
    ASSERT_TRUE(found == std::string(50'000, 'a') || found == std::string(100, 'b')) << found.size() << " bytes";
    ++reads;
  }
  EXPECT_GT(reads, 0);
}

}  // namespace
}  // namespace podmedic
