// A drain with real hooks, real sockets and a real page of metrics.
#include "supervisor/drain.hpp"
#include "base/clock.hpp"
#include "base/files.hpp"
#include "test/support/own_network.hpp"
#include "test/support/run_coroutine.hpp"
#include "test/support/scripted_server.hpp"

#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace podmedic {
namespace {

using namespace std::chrono_literals;
using test::holds_soon;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class a_drain : public testing::Test {
 protected:
  std::optional<std::string> run(const config::annotations& given) {
    const config::configuration use = config::parse(given);
    EXPECT_THAT(use.found, IsEmpty());
    auto whole = drain_.run(use, boot_now());
    return test::run_coroutine(context_, std::move(whole));
  }
  /// One without hooks, that has settled at once.
  std::optional<std::string> run(const std::string& in_flight, const std::string& timeout) {
    return run({{"podmedic.io/policy",
                 "drain: {settleSeconds: 0, timeoutSeconds: " + timeout + ", inFlight: " + in_flight + "}"}});
  }
  std::string touches(const std::string& name) const {
    return "exec: {command: [/bin/sh, -c, ': >" + directory_.file(name) + "']}";
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(directory_.file(name)); }

  test::temporary_directory directory_;
  boost::asio::io_context context_{1};
  http_client http_{context_};
  proc_process_table processes_;
  std::vector<std::string> errors_;
  drain drain_{{http_, processes_},
               [this](const std::string& hook, const std::string& error) { errors_.push_back(hook + ": " + error); }};
};

const std::string quick = "drain: {settleSeconds: 0, timeoutSeconds: 20}";

TEST_F(a_drain, goes_on_after_a_hook_that_failed_and_says_so) {
  EXPECT_EQ(run({{"podmedic.io/policy", quick},
                 {"hook.podmedic.io/10-fails", "exec: {command: [/bin/false]}"},
                 {"hook.podmedic.io/20-next", touches("next")}}),
            std::nullopt);
  EXPECT_THAT(errors_, ElementsAre("10-fails: /bin/false: exit code 1"));
  EXPECT_TRUE(exists("next"));
}

TEST_F(a_drain, is_undone_by_all_cancelled_hooks_and_says_whether_each_worked) {
  const auto undo = [this](const std::string& first) {
    const config::configuration use =
        config::parse({{"hook.podmedic.io/10-first", "{exec: {command: [" + first + "]}, phase: Cancelled}"},
                       {"hook.podmedic.io/20-next", "{" + touches("next") + ", phase: Cancelled}"},
                       {"hook.podmedic.io/30-drain", touches("drained")}});
    EXPECT_THAT(use.found, IsEmpty());
    return test::run_coroutine(context_, drain_.undo(use));
  };
  EXPECT_FALSE(undo("/bin/false"));
  EXPECT_TRUE(exists("next"));
  EXPECT_TRUE(undo("/bin/true"));
  EXPECT_FALSE(exists("drained"));
}

TEST_F(a_drain, ends_with_a_hook_that_failed_and_is_to_abort_it) {
  const auto aborted = run({{"podmedic.io/policy", quick},
                            {"hook.podmedic.io/10-fails", "{exec: {command: [/bin/false]}, onError: Abort}"},
                            {"hook.podmedic.io/20-next", touches("next")}});
  EXPECT_EQ(aborted, "hook 10-fails: /bin/false: exit code 1");
  EXPECT_FALSE(exists("next"));
}

TEST_F(a_drain, caps_its_hooks_by_its_own_timeout_too) {
  EXPECT_EQ(run({{"podmedic.io/policy", "drain: {settleSeconds: 0, timeoutSeconds: 0.3}"},
                 {"hook.podmedic.io/10-slow", "{exec: {command: [sleep, '1000']}, timeoutSeconds: 600}"},
                 {"hook.podmedic.io/20-next", "{" + touches("next") + ", timeoutSeconds: 60}"}}),
            std::nullopt);
  EXPECT_THAT(errors_, ElementsAre(HasSubstr("10-slow: sleep 1000: killed after"), "20-next: no time was left for it"));
  EXPECT_FALSE(exists("next"));
}

TEST_F(a_drain, waits_until_the_gauge_is_zero) {
  const test::scripted_server server;
  server.answer({{"status", 200}, {"body", "# TYPE running gauge\nrunning{model=\"a\"} 2\nrunning{model=\"b\"} 7\n"}});
  bool done = false;
  boost::asio::steady_timer timer(context_, 400ms);
  timer.async_wait([&](boost::system::error_code) {
    EXPECT_EQ(drain_.in_flight(), 2u);
    done = true;
    server.answer({{"status", 200}, {"body", "running{model=\"a\"} 0\nrunning{model=\"b\"} 7\n"}});
  });
  const std::string url = "http://127.0.0.1:" + server.port() + "/metrics";
  EXPECT_EQ(run("{metric: {url: '" + url + "', gauge: 'running{model=\"a\"}'}}", "20"), std::nullopt);
  EXPECT_TRUE(done);
  EXPECT_EQ(drain_.in_flight(), 0u);
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(a_drain, ends_at_its_timeout_where_the_gauge_stays_above_zero) {
  const test::scripted_server server;
  server.answer({{"status", 200}, {"body", "running 1\n"}});
  const instant began = boot_now();
  run("{metric: {url: 'http://127.0.0.1:" + server.port() + "/', gauge: running}}", "0.5");
  EXPECT_GE(boot_now() - began, 500ms);
}

TEST_F(a_drain, does_not_wait_for_a_gauge_that_cannot_be_read_three_times) {
  const test::scripted_server server;
  const std::string gauge = "{metric: {url: 'http://127.0.0.1:" + server.port() + "/', gauge: running}}";
  const std::pair<nlohmann::json, std::string> rows[] = {
      {{{"status", 503}}, "status 503"},
      {{{"status", 200}, {"body", "waiting 3\n"}}, "running"},
      {{{"mode", "hang_up"}}, "127.0.0.1"},
  };
  for (const auto& [answer, expected] : rows) {
    const std::size_t before = server.requests().size();
    server.answer(answer);
    errors_.clear();
    run(gauge, "20");
    EXPECT_THAT(errors_, ElementsAre(testing::AllOf(testing::StartsWith("inFlight: "), HasSubstr(expected))));
    EXPECT_GE(server.requests().size() - before, 3u);
  }
}

/// A server in a process of its own, on every address of a network namespace, that keeps what it has accepted.
constexpr const char* server_script = R"(
import os, socket, sys, time
listener = socket.create_server(("", 8001))
open(sys.argv[1], "w").close()
kept = []
while True: kept.append(listener.accept())
)";
/// Another container of the Pod, with a connection over loopback and one to the Pod's own address.
constexpr const char* neighbour_script = R"(
import socket, sys, time
kept = [socket.create_connection((host, 8001)) for host in ("127.0.0.1", sys.argv[2])]
open(sys.argv[1], "w").close()
time.sleep(1000)
)";

unique_fd connect_to(const char* address) {
  unique_fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(8001);
  ::inet_pton(AF_INET, address, &to.sin_addr);
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  return socket;
}

TEST_F(a_drain, waits_for_clients_and_neither_for_podmedics_own_connections_nor_for_those_inside_the_pod) {
  const test::own_network network;
  const auto python = [&](const char* script, const std::string& ready) {
    return std::vector<std::string>{"/usr/bin/python3", "-c", script, directory_.file(ready), network.pod_address};
  };
  const test::child_process server(python(server_script, "server"));
  ASSERT_TRUE(holds_soon([&] { return exists("server"); }));
  const test::child_process neighbour(python(neighbour_script, "neighbour"));
  ASSERT_TRUE(holds_soon([&] { return exists("neighbour"); }));
  const unique_fd held_channel = connect_to("127.0.0.1");  // as podmedic's probes hold one
  const unique_fd to_own_address = connect_to(network.pod_address);
  unique_fd client = network.in_peer([&] { return connect_to(network.pod_address); });

  bool waited = false;
  boost::asio::steady_timer timer(context_, 400ms);
  timer.async_wait([&](boost::system::error_code) {
    EXPECT_EQ(drain_.in_flight(), 1u);
    waited = true;
    client = unique_fd();
  });
  EXPECT_EQ(run("{ports: [8001]}", "20"), std::nullopt);
  EXPECT_TRUE(waited);
  EXPECT_EQ(drain_.in_flight(), 0u);
}

}  // namespace
}  // namespace podmedic
