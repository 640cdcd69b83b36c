#include "supervisor/snapshot.hpp"

#include "base/clock.hpp"
#include "test/support/child_process.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/seen_processes.hpp"

#include <gmock/gmock.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <memory>
#include <regex>

namespace podmedic::snapshot {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A listening socket of this test, and its port.
struct listener {
  unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::uint16_t port = 0;

  listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(fd.get(), 8);
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
};

bool has_line(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex("(^|\n)" + pattern + "\n"));
}

TEST(a_snapshot, shows_a_stopped_process_in_state_T_and_where_it_waits) {
  const test::child_process child({"/bin/sleep", "600"});
  ASSERT_TRUE(
      test::holds_soon([&] { return test::seen_processes("engine", {child.pid()}).members[0].command == "sleep"; }));
  ::kill(child.pid(), SIGSTOP);
  ASSERT_TRUE(test::holds_soon([&] { return test::seen_processes("engine", {child.pid()}).members[0].state == 'T'; }));
  const std::string text = to_text(look({test::seen_processes("engine", {child.pid()})}));
  EXPECT_TRUE(has_line(text, " *" + std::to_string(child.pid()) + " engine +sleep +T +\\S+ +1 +\\d+ +\\d+")) << text;
  EXPECT_THAT(text, Not(HasSubstr("600"))) << "no arguments";
}

TEST(a_snapshot, shows_whose_connections_are_open_and_what_is_in_their_queues) {
  const listener server;
  const std::string port = std::to_string(server.port);
  const test::child_process client({"/usr/bin/python3", "-c",
                                    "import socket, time\ns = socket.create_connection(('127.0.0.1', " + port +
                                        "))\ns.send(b'x' * 77)\ntime.sleep(600)"},
                                   {"SECRET=do-not-show"});
  const std::string pid = std::to_string(client.pid());
  std::string text;
  // its own end, and the end that nobody has accepted, with its 77 bytes
  const bool shown = test::holds_soon([&] {
    text = to_text(look({test::seen_processes("engine", {client.pid()})}));
    return has_line(text, " *" + pid + " established +\\d+ 127.0.0.1:" + port + " +0 +0 +0") &&
           has_line(text, " *- established +" + port + " 127.0.0.1:\\d+ +77 +0 +0") &&
           has_line(text, " *- +" + port + " +1 +8");
  });
  EXPECT_TRUE(shown) << text;
  EXPECT_THAT(text, Not(HasSubstr("do-not-show")));
}

TEST(a_snapshot, of_200_processes_has_all_of_them) {
  std::vector<std::unique_ptr<test::child_process>> children;
  container_processes group{"engine", "id", {}};
  for (int i = 0; i < 200; ++i) {
    children.push_back(std::make_unique<test::child_process>(std::vector<std::string>{"/bin/sleep", "600"}));
    group.members.push_back(test::seen_processes("engine", {children.back()->pid()}).members.front());
  }
  const std::string text = to_text(look({group}));
  for (const auto& child : children) EXPECT_TRUE(has_line(text, " *" + std::to_string(child->pid()) + " .*")) << text;
}

}  // namespace
}  // namespace podmedic::snapshot
