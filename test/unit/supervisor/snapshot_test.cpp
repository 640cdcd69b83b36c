#include "supervisor/snapshot.hpp"

#include "test/support/temporary_directory.hpp"

#include <gmock/gmock.h>

#include <arpa/inet.h>

#include <sstream>

namespace podmedic::snapshot {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

process_view seen(pid_t pid, const std::string& name, char state = 'S') {
  process one;
  one.pid = pid;
  one.command = name;
  one.state = state;
  return {.seen = one, .wchan = "ep_poll", .threads = 3, .rss_kib = 4096, .open_files = 12};
}

/// The line that begins with that word.
std::string line_of(const std::string& text, const std::string& first) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    if (words >> word && word == first) return line;
  }
  return {};
}

tcp_socket connection(std::uint16_t port, std::uint32_t unread, std::uint32_t unacknowledged) {
  tcp_socket one;
  one.local_port = port;
  one.remote_port = 40000;
  ::inet_pton(AF_INET6, "::ffff:10.0.0.9", &one.remote);
  one.established = true;
  one.receive_queue = unread;
  one.send_queue = unacknowledged;
  return one;
}

TEST(snapshot_text, has_a_line_a_process_whatever_its_name_is) {
  view all;
  all.containers.push_back({"engine", "id", {seen(7, "ev\nil\x1b[31m \xff"), seen(8, "server", 'T')}, {}});
  const std::string text = to_text(all);
  EXPECT_THAT(line_of(text, "7"), AllOf(HasSubstr("engine"), HasSubstr("ev il?[31m ?"), HasSubstr("ep_poll")));
  EXPECT_THAT(line_of(text, "8"), AllOf(HasSubstr(" T "), HasSubstr("4096"), HasSubstr("12")));
  EXPECT_THAT(text, Not(HasSubstr("may not look")));
}

TEST(snapshot_text, says_which_right_is_missing_where_podmedic_may_not_look) {
  process_view closed = seen(7, "server");
  closed.may_look = false;
  closed.wchan.clear();
  closed.open_files.reset();
  view all;
  all.containers.push_back({"", "0123456789abcdef", {closed}, {.why_not = "open memory.current: Permission denied"}});
  const std::string text = to_text(all);
  EXPECT_THAT(line_of(text, "7"), HasSubstr("(not known)"));
  EXPECT_THAT(text, HasSubstr("Into 1 of them podmedic"));
  EXPECT_THAT(text, HasSubstr("SYS_PTRACE"));
  EXPECT_THAT(text, HasSubstr("0123456789ab: not known: open memory.current: Permission denied"));
}

TEST(snapshot_text, tells_memory_against_its_limit) {
  view all;
  constexpr std::int64_t mebibyte = 1024 * 1024;
  all.containers.push_back({"a", "", {}, {.usage = 3 * mebibyte, .reclaimable = mebibyte, .limit = 4 * mebibyte}});
  all.containers.push_back({"b", "", {}, {.usage = mebibyte / 2}});
  const std::string text = to_text(all);
  EXPECT_THAT(text, HasSubstr("a: 3.0 MiB of 4.0 MiB; 1.0 MiB of it can be reclaimed"));
  EXPECT_THAT(text, HasSubstr("b: 0.5 MiB of no limit; - of it can be reclaimed"));
}

TEST(snapshot_text, shows_the_connections_with_the_most_in_their_queues_and_totals_of_all) {
  view all;
  tcp_socket listener;
  listener.listening = true;
  listener.local_port = 8001;
  listener.receive_queue = 5;
  listener.send_queue = 128;
  all.sockets.push_back({listener, 7});
  for (int i = 0; i < 300; ++i) all.sockets.push_back({connection(8001, 0, 0), 7});
  all.sockets.push_back({connection(8002, 1000, 0), 0});
  all.sockets.back().seen.established = false;
  all.sockets.push_back({connection(8003, 0, 70), 9});
  all.more_sockets = 4;
  const std::string text = to_text(all);
  EXPECT_THAT(text, HasSubstr("301 established: 0 bytes not read by the application, 70 not acknowledged by the peer"));
  EXPECT_THAT(text, HasSubstr("1 closed by peer: 1000 bytes not read"));
  EXPECT_THAT(text, HasSubstr("1 listening\nand 4 more, not looked at"));
  EXPECT_THAT(text, HasSubstr("and 102 more with less in their queues"));
  EXPECT_THAT(line_of(text, "9"), AllOf(HasSubstr("established"), HasSubstr("10.0.0.9:40000"), HasSubstr("70")));
  EXPECT_LT(text.find("8002"), text.find("8003"));
  EXPECT_LT(text.find("8003"), text.rfind("8001"));
}

TEST(snapshot_of_proc, gets_along_with_processes_that_are_gone_and_files_that_make_no_sense) {
  const test::temporary_directory proc;
  proc.write("8/status", "Name:\tx\nThreads:\tmany\nVmRSS:\n");
  proc.write("8/wchan", std::string(5000, '\xff'));
  proc.write("8/mountinfo", "nonsense");
  container_processes group{"engine", "id", {}};
  for (const pid_t pid : {7, 8}) {
    process one;
    one.pid = pid;
    group.members.push_back(one);
  }
  const std::string text = to_text(look({group}, proc.path()));
  EXPECT_THAT(line_of(text, "7"), HasSubstr(" - "));
  EXPECT_LT(line_of(text, "8").size(), 400u);
  EXPECT_THAT(text, HasSubstr("engine: not known: no memory cgroup is mounted in it"));
}

TEST(snapshot_of_proc, looks_at_a_thousand_processes_and_counts_the_others) {
  const test::temporary_directory proc;
  container_processes group{"engine", "id", std::vector<process>(1003)};
  EXPECT_THAT(to_text(look({group}, proc.path())), HasSubstr("and 3 more\n"));
}

}  // namespace
}  // namespace podmedic::snapshot
