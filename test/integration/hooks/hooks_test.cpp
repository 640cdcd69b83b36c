#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/http_client.hpp"
#include "base/proc_stat.hpp"
#include "base/process_table.hpp"
#include "hooks/kinds.hpp"
#include "test/support/run_coroutine.hpp"
#include "test/support/scripted_server.hpp"

#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace podmedic::hooks {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::holds_soon;
using testing::Test;

class a_hook : public Test {
 protected:
  asio::io_context context{1};
  http_client http{context};
  std::string pod = "pod-" + std::to_string(::getpid());
  proc_process_table processes{pod};
  test::temporary_directory directory;

  /// Nothing: it worked.
  std::optional<std::string> run(const std::string& text, milliseconds timeout = 20s, std::string* output = nullptr) {
    mistakes found;
    fields whole = fields::parse("hook.podmedic.io/test", text, found);
    for (const kind& one : kinds()) {
      auto own = whole.object(one.name);
      if (!own) continue;
      const spec made = one.read(*own);
      if (!found.empty()) break;
      const auto hook = made.make(surroundings{http, processes, nullptr, output});
      return test::run_coroutine(context, hook->run(timeout));
    }
    return found.empty() ? "no such kind" : found[0].to_text();
  }
  std::string run_and_fail(const std::string& text, milliseconds timeout = 20s) {
    return run(text, timeout).value_or("(it worked)");
  }
  /// A shell script as a container of the rehearsed Pod.
  test::child_process container(const std::string& name, const std::string& script) const {
    return test::child_process({"/bin/sh", "-c", script},
                               {"PODMEDIC_POD=" + pod, "PODMEDIC_CONTAINER=" + name, "PATH=/usr/bin:/bin"});
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(directory.file(name)); }
};

TEST_F(a_hook, by_http_sends_what_it_was_told_to_send) {
  const test::scripted_server server;
  const std::string url = "http://127.0.0.1:" + server.port() + "/healthcheck/fail?now";
  EXPECT_EQ(run("http: {url: '" + url + "', httpHeaders: [{name: X-Why, value: drain}], body: 'please'}"),
            std::nullopt);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0]["method"], "POST");
  EXPECT_EQ(requests[0]["path"], "/healthcheck/fail?now");
  EXPECT_EQ(requests[0]["headers"]["x-why"], "drain");
  EXPECT_EQ(requests[0]["body"], "please");
}

TEST_F(a_hook, by_http_works_when_the_status_is_an_expected_one_and_else_quotes_the_answer) {
  const test::scripted_server server;
  const std::string url = "http://127.0.0.1:" + server.port() + "/drain";
  struct row {
    int status;
    std::string expected;
    bool works;
  };
  const row rows[] = {
      {200, "200-299", true},  {299, "200-299", true}, {300, "200-299", false},
      {503, "200-299", false}, {404, "404", true},     {200, "404", false},
  };
  for (const row& each : rows) {
    server.answer({{"status", each.status}, {"body", "not\nnow"}});
    const auto error = run("http: {url: '" + url + "', expectStatus: '" + each.expected + "'}");
    if (each.works) {
      EXPECT_EQ(error, std::nullopt) << each.status;
    } else {
      EXPECT_EQ(error, "POST " + url + ": answered " + std::to_string(each.status) + ": not now");
    }
  }
}

TEST_F(a_hook, by_http_ends_at_its_timeout_and_says_where_nobody_listens) {
  const test::scripted_server server;
  server.answer({{"mode", "silent"}});
  const std::string url = "http://127.0.0.1:" + server.port() + "/";
  const std::string error = run_and_fail("http: {url: '" + url + "'}", 300ms);
  EXPECT_NE(error.find("POST " + url), std::string::npos) << error;
  EXPECT_NE(run_and_fail("http: {url: 'http://127.0.0.1:1/'}").find("http://127.0.0.1:1/"), std::string::npos);
}

TEST_F(a_hook, by_http_follows_no_redirect) {
  const test::scripted_server server;
  const std::string url = "http://127.0.0.1:" + server.port();
  server.answer({{"status", 307}, {"headers", {{"Location", url + "/elsewhere"}}}});
  EXPECT_EQ(run("http: {url: '" + url + "/drain'}"), "POST " + url + "/drain: answered 307");
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0]["path"], "/drain");
}

TEST_F(a_hook, by_http_fails_in_bounded_time_and_size_whatever_the_server_sends) {
  const test::scripted_server server;
  const std::string url = "http://127.0.0.1:" + server.port() + "/drain";
  for (const char* mode : {"endless", "garbage", "hang_up"}) {
    server.answer({{"mode", mode}, {"body", "no HTTP at all\r\n\r\n"}});
    const std::string error = run_and_fail("http: {url: '" + url + "'}", 3s);
    EXPECT_NE(error.find(url), std::string::npos) << mode << ": " << error;
    EXPECT_LT(error.size(), 2000u) << mode;
  }
}

TEST_F(a_hook, by_http_verifies_the_server_by_its_ca_file) {
  const test::test_authority authority;
  const test::test_authority another;
  const test::scripted_server server(&authority);
  const auto hook_with = [&](const test::test_authority& by) {
    return "http: {url: 'https://127.0.0.1:" + server.port() + "/', tls: {caFile: '" + by.file("ca.crt") + "'}}";
  };
  EXPECT_EQ(run(hook_with(authority)), std::nullopt);
  EXPECT_NE(run_and_fail(hook_with(another)), "(it worked)");
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(a_hook, keeps_what_the_other_side_said_where_it_is_asked_to_whether_it_worked_or_not) {
  std::string output;
  EXPECT_EQ(run("exec: {command: [sh, -c, 'echo thread 1; echo thread 2 >&2']}", 20s, &output), std::nullopt);
  EXPECT_EQ(output, "thread 1\nthread 2\n");
  EXPECT_NE(run("exec: {command: [sh, -c, 'echo half; exec sleep 1000']}", 300ms, &output), std::nullopt);
  EXPECT_EQ(output, "half\n");
  EXPECT_EQ(run("exec: {command: [head, -c, '2000000', /dev/zero]}", 20s, &output), std::nullopt);
  EXPECT_EQ(output.size(), max_kept_output);

  const test::scripted_server server;
  const std::string hook = "http: {method: GET, url: 'http://127.0.0.1:" + server.port() + "/'}";
  server.answer({{"status", 200}, {"body", "goroutine 1 [running]\nmain.main()"}});
  EXPECT_EQ(run(hook, 20s, &output), std::nullopt);
  EXPECT_EQ(output, "goroutine 1 [running]\nmain.main()");
  server.answer({{"status", 500}, {"body", "no\nstacks"}});
  EXPECT_EQ(run(hook, 20s, &output), "GET http://127.0.0.1:" + server.port() + "/: answered 500: no stacks");
  EXPECT_EQ(output, "no\nstacks");
  server.answer({{"status", 200}, {"body", std::string(2'000'000, 'x')}});
  EXPECT_EQ(run(hook, 20s, &output), std::nullopt) << "the beginning is enough";
  EXPECT_EQ(output.size(), max_kept_output);
}

TEST_F(a_hook, by_exec_works_when_the_program_exits_with_0_and_else_tells_its_last_words) {
  EXPECT_EQ(run("exec: {command: [/bin/true]}"), std::nullopt);
  EXPECT_EQ(run_and_fail("exec: {command: [sh, -c, 'echo first; echo no space left >&2; exit 3']}"),
            "sh -c echo first; echo no space left >&2; exit 3: exit code 3: no space left");
  EXPECT_EQ(run_and_fail("exec: {command: [sleep, '1000']}", 200ms), "sleep 1000: killed after 200 ms");
  EXPECT_EQ(run_and_fail("exec: {command: [/no/such/program]}"), "start /no/such/program: No such file or directory");
}

TEST_F(a_hook, by_exec_leaves_no_process_of_its_group_behind_at_its_timeout) {
  const std::string pids = directory.file("pids");
  const std::string script =
      "sleep 1000 & echo $! >" + pids + "; (trap '' TERM; sleep 1000) & echo $! >>" + pids + "; wait";
  EXPECT_NE(run_and_fail("exec: {command: [sh, -c, \"" + script + "\"]}", 400ms).find("killed after 400 ms"),
            std::string::npos);
  std::ifstream written(pids);
  std::vector<pid_t> all{std::istream_iterator<pid_t>(written), {}};
  ASSERT_EQ(all.size(), 2u);
  for (const pid_t pid : all) {
    EXPECT_TRUE(holds_soon([&] {
      const auto now = read_proc_stat(pid);
      return !now || now->state == 'Z';
    })) << pid;
  }
}

TEST_F(a_hook, by_signal_reaches_the_main_process_of_the_container_alone) {
  const std::string main_script = "(trap 'touch " + directory.file("child") + "' USR1; touch " +
                                  directory.file("child-up") + "; while :; do sleep 0.02; done) & trap 'touch " +
                                  directory.file("main") + "' USR1; touch " + directory.file("up") +
                                  "; while :; do sleep 0.02; done";
  const test::child_process engine = container("engine", main_script);
  ASSERT_TRUE(holds_soon([&] { return exists("up") && exists("child-up"); }));
  EXPECT_EQ(run("signal: {container: engine, signal: USR1}"), std::nullopt);
  EXPECT_TRUE(holds_soon([&] { return exists("main"); }));
  EXPECT_FALSE(exists("child"));
}

TEST_F(a_hook, by_signal_reaches_all_processes_of_the_container_and_none_of_another) {
  const auto waiting = [&](const std::string& name) { return "touch " + directory.file(name) + "; exec sleep 1000"; };
  test::child_process engine =
      container("engine", "sleep 1000 & sleep 1000 & touch " + directory.file("engine") + "; wait");
  const test::child_process proxy = container("proxy", waiting("proxy"));
  ASSERT_TRUE(holds_soon([&] { return exists("engine") && exists("proxy"); }));
  EXPECT_EQ(run("signal: {container: engine, signal: KILL, processes: All}"), std::nullopt);
  engine.wait();
  // Orphans stay zombies until whoever adopted them reaps them.
  const auto living = [&](const std::string& name) {
    std::ptrdiff_t count = 0;
    for (const container_processes& group : processes.containers({})) {
      if (group.name != name) continue;
      count +=
          std::count_if(group.members.begin(), group.members.end(), [](const process& p) { return p.state != 'Z'; });
    }
    return count;
  };
  EXPECT_TRUE(holds_soon([&] { return living("engine") == 0; }));
  EXPECT_EQ(living("proxy"), 1);
}

TEST_F(a_hook, by_signal_says_that_there_is_no_such_container) {
  EXPECT_EQ(run_and_fail("signal: {container: engine}"), "signal TERM to engine: no process of such a container");
}

TEST_F(a_hook, by_signal_sees_a_process_that_is_dead_but_not_reaped_as_gone) {
  const test::child_process engine = container("engine", "touch " + directory.file("up") + "; exec sleep 1000");
  ASSERT_TRUE(holds_soon([&] { return exists("up") && !processes.containers({}).empty(); }));
  ::kill(engine.pid(), SIGKILL);
  EXPECT_TRUE(holds_soon([&] {
    const auto groups = processes.containers({});
    return !groups.empty() && groups[0].members[0].state == 'Z';
  }));
  EXPECT_EQ(run_and_fail("signal: {container: engine}"), "signal TERM to engine: its process is gone");
}

TEST_F(a_hook, that_waits_ends_when_the_condition_holds) {
  asio::steady_timer timer(context, 150ms);
  timer.async_wait([&](boost::system::error_code) { directory.write("drained", ""); });
  EXPECT_EQ(run("waitFor: {file: '" + directory.file("drained") + "', intervalSeconds: 0.1}"), std::nullopt);
  EXPECT_TRUE(exists("drained"));
}

TEST_F(a_hook, that_waits_says_at_its_timeout_what_was_missing_last) {
  EXPECT_EQ(run_and_fail("waitFor: {file: /no/such/file, intervalSeconds: 0.1}", 250ms),
            "wait for file /no/such/file: not within 250 ms: file /no/such/file: No such file or directory");
  EXPECT_EQ(run_and_fail("waitFor: {exec: {command: ['false']}, intervalSeconds: 0.1}", 250ms),
            "wait for exec false: not within 250 ms: false: exit code 1");
}

TEST_F(a_hook, that_waits_asks_again_and_again_by_get) {
  const test::scripted_server server;
  server.answer({{"status", 503}});
  asio::steady_timer timer(context, 300ms);
  timer.async_wait([&](boost::system::error_code) { server.answer({{"status", 200}}); });
  const std::string url = "http://127.0.0.1:" + server.port() + "/idle";
  EXPECT_EQ(run("waitFor: {http: {url: '" + url + "'}, intervalSeconds: 0.1}"), std::nullopt);
  const auto requests = server.requests();
  EXPECT_GE(requests.size(), 2u);
  for (const auto& request : requests) EXPECT_EQ(request["method"], "GET");
}

TEST_F(a_hook, that_waits_for_no_connections_does_not_count_the_pods_own) {
  const unique_fd server(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  ASSERT_EQ(::bind(server.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(server.get(), 1), 0);
  ::getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &length);
  const unique_fd client(::socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  EXPECT_EQ(run("waitFor: {noConnections: {ports: [" + port + "]}}"), std::nullopt);
}

}  // namespace
}  // namespace podmedic::hooks
