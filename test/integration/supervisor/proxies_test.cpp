// The presets of proxies against the proxies themselves: what a drain does to clients of another host, whose requests
// and connections are real.
#include "base/clock.hpp"
#include "base/http_client.hpp"
#include "base/process_table.hpp"
#include "supervisor/drain.hpp"
#include "test/support/envoy.hpp"
#include "test/support/given_processes.hpp"
#include "test/support/own_network.hpp"
#include "test/support/run_coroutine.hpp"
#include "test/support/scripted_server.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>

namespace podmedic {
namespace {

using namespace std::chrono_literals;
using test::holds_soon;

struct answer {
  int status = 0;  ///< 0: none came, or half of one
  bool closes = false;
};

/// A connection of HTTP/1.1 from the peer to the Pod.
class client {
 public:
  client(const test::own_network& network, int port)
      : socket_(network.in_peer([] { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); })) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, test::own_network::pod_address, &to.sin_addr);
    const timeval patience{20, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connected_ = ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }

  bool connected() const { return connected_; }
  void ask(const std::string& path) const {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: pod\r\n\r\n";
    ::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL);
  }
  /// Servers here answer with a content-length.
  answer read() const {
    std::string text;
    for (char one = 0; !text.ends_with("\r\n\r\n");) {
      if (::recv(socket_.get(), &one, 1, 0) != 1) return {};
      text += static_cast<char>(std::tolower(one));
    }
    const std::size_t length = text.find("content-length: ");
    std::string body(length == std::string::npos ? 0 : std::stoul(text.substr(length + 16)), ' ');
    if (!body.empty() && ::recv(socket_.get(), body.data(), body.size(), MSG_WAITALL) != std::ssize(body)) return {};
    return {std::stoi(text.substr(9, 3)), text.find("connection: close") != std::string::npos};
  }
  answer get(const std::string& path) const {
    ask(path);
    return read();
  }
  /// Whether there is something to read now: an answer, or the end.
  bool has_news(int milliseconds = 0) const {
    pollfd look{socket_.get(), POLLIN, 0};
    return ::poll(&look, 1, milliseconds) == 1;
  }
  /// Whether something comes within a moment that is not the end.
  bool was_told_something() const {
    char one = 0;
    return has_news(200) && ::recv(socket_.get(), &one, 1, MSG_PEEK) == 1;
  }
  /// Whether the other side ended it, and said nothing more.
  bool was_closed() const {
    char one = 0;
    return has_news() && ::recv(socket_.get(), &one, 1, MSG_PEEK) == 0;
  }

 private:
  unique_fd socket_;
  bool connected_ = false;
};

class a_proxy : public testing::Test {
 protected:
  static constexpr int port = 10000;
  static constexpr double slow_seconds = 2;

  a_proxy() { server.answer({{"status", 200}, {"body", "done"}, {"seconds", slow_seconds}}); }

  /// Starts the container of that name, and waits until clients are served.
  void start(const std::string& container, const std::string& script) {
    name = container;
    proxy.emplace(
        std::vector<std::string>{"/bin/sh", "-c", "cd '" + directory.path() + "' && " + script + " >log 2>&1"},
        std::vector<std::string>{"PODMEDIC_POD=" + pod, "PODMEDIC_CONTAINER=" + container,
                                 "PATH=/usr/sbin:/usr/bin:/bin"});
    ASSERT_TRUE(holds_soon([&] {
      const client one(network, port);
      return one.connected() && one.get("/").status == 200;
    }));
  }
  config::configuration preset(const std::string& more, const std::string& seconds = "600") const {
    const config::configuration read =
        config::parse({{"podmedic.io/preset", "{" + name + ": {port: 10000" + more + "}}"},
                       {"podmedic.io/policy", "{drain: {settleSeconds: 0, timeoutSeconds: " + seconds + "}}"}});
    EXPECT_TRUE(read.found.empty());
    return read;
  }
  drain a_drain() {
    return {{http, processes},
            [](const std::string& hook, const std::string& error) { ADD_FAILURE() << hook << ": " << error; }};
  }
  /// The whole drain; how long it took.
  milliseconds run_drain(const config::configuration& use) {
    drain one = a_drain();
    const instant began = boot_now();
    EXPECT_EQ(test::run_coroutine(context, one.run(use, began)), std::nullopt);
    return boot_now() - began;
  }
  void run_hooks(const config::configuration& use, config::hook_phase phase) {
    drain one = a_drain();
    EXPECT_EQ(test::run_coroutine(context, one.run_hooks(use, phase, 60s)), std::nullopt);
  }
  void undo_drain(const config::configuration& use) {
    drain one = a_drain();
    EXPECT_TRUE(test::run_coroutine(context, one.undo(use)));
  }
  /// A reload: clients that send nothing are let go at once, one that waits gets its answer, and others are served.
  void expect_a_reload_to_drain() {
    const client idle(network, port);
    EXPECT_FALSE(idle.get("/").closes);
    const client busy(network, port);
    busy.ask("/slow");
    ASSERT_TRUE(holds_soon([&] { return server.requests().back()["path"] == "/slow"; }));
    run_drain(preset(""));
    EXPECT_TRUE(busy.has_news()) << "the drain did not wait for it";
    EXPECT_TRUE(idle.was_closed());
    const answer slow = busy.read();
    EXPECT_EQ(slow.status, 200);
    EXPECT_TRUE(slow.closes);
    EXPECT_EQ(client(network, port).get("/").status, 200);
  }

  test::own_network network;
  boost::asio::io_context context{1};
  http_client http{context};
  const std::string pod = "pod-" + std::to_string(::getpid());
  proc_process_table processes{pod};
  test::temporary_directory directory;
  test::scripted_server server;
  std::optional<test::child_process> proxy;
  std::string name;
};

class nginx : public a_proxy {
 protected:
  void SetUp() override {
    directory.write("nginx.conf", "daemon off; worker_processes 1; pid " + directory.file("pid") +
                                      "; error_log stderr; events {}\nhttp { access_log off; server { listen 10000; "
                                      "location / { proxy_pass http://127.0.0.1:" +
                                      server.port() + "; } } }\n");
    // nginx writes its title over its environment, by which a container is known here: a shell stands before it.
    start("nginx", "trap 'kill -HUP $nginx' HUP; nginx -c " + directory.file("nginx.conf") +
                       " & nginx=$!; while kill -0 $nginx; do wait $nginx; done");
  }
};

TEST_F(nginx, drained_by_its_preset_loses_no_request_and_lets_idle_clients_go) {
  expect_a_reload_to_drain();
}

class haproxy : public a_proxy {
 protected:
  void SetUp() override {
    directory.write("haproxy.cfg",
                    "defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n"
                    "listen all\n bind :10000\n server one 127.0.0.1:" +
                        server.port() + "\n");
    start("haproxy", "exec haproxy -W -db -f haproxy.cfg -S 10.99.0.1:9999");
    // The worker serves before the master hears signals: a HUP in its first moments is lost. Its command line answers
    // once it does.
    ASSERT_TRUE(holds_soon([&] {
      const client master(network, 9999);
      master.ask("/");
      return master.was_told_something();
    }));
  }
};

TEST_F(haproxy, drained_by_its_preset_loses_no_request_and_lets_idle_clients_go) {
  expect_a_reload_to_drain();
}

#ifdef PODMEDIC_ENVOY
class envoy : public a_proxy {
 protected:
  void SetUp() override {
    directory.write("envoy.yaml", test::envoy_configuration("10000", "9901", server.port()));
    start("envoy", "exec '" PODMEDIC_ENVOY "' -c envoy.yaml --concurrency 1 --disable-hot-restart -l error");
  }
  /// Asks the first probe once.
  verdict ask(const config::configuration& use) {
    const auto probe = use.probes[0].spec.make({.http = http, .processes = watched});
    return test::run_coroutine(context, probe->check(2s));
  }
  const std::string admin = ", adminPort: 9901";
  test::given_processes watched;
};

TEST_F(envoy, drained_by_its_preset_fails_its_health_check_and_closes_what_it_answers_until_that_is_taken_back) {
  const client kept(network, port);
  EXPECT_EQ(kept.get("/healthz").status, 200);
  EXPECT_FALSE(kept.get("/").closes);
  run_hooks(preset(admin), config::hook_phase::drain);
  EXPECT_EQ(client(network, port).get("/healthz").status, 503);
  for (const client* one : {&kept, static_cast<const client*>(nullptr)}) {
    const answer last = one != nullptr ? one->get("/") : client(network, port).get("/");
    EXPECT_EQ(last.status, 200);
    EXPECT_TRUE(last.closes);
  }
  EXPECT_TRUE(holds_soon([&] { return kept.was_closed(); }));
  undo_drain(preset(admin));
  const client anew(network, port);
  EXPECT_EQ(anew.get("/healthz").status, 200);
  EXPECT_FALSE(anew.get("/").closes);
}

TEST_F(envoy, drained_by_its_preset_loses_no_request) {
  const client busy(network, port);
  busy.ask("/slow");
  ASSERT_TRUE(holds_soon([&] { return server.requests().back()["path"] == "/slow"; }));
  run_drain(preset(admin));
  EXPECT_TRUE(busy.has_news()) << "the drain did not wait for it";
  const answer slow = busy.read();
  EXPECT_EQ(slow.status, 200);
  EXPECT_TRUE(slow.closes);
}

TEST_F(envoy, whose_client_keeps_a_connection_and_sends_nothing_is_waited_for_until_the_drain_ends) {
  const client idle(network, port);
  EXPECT_EQ(idle.get("/").status, 200);
  EXPECT_GE(run_drain(preset(admin, "1")), 1s);
  const answer last = idle.get("/");
  EXPECT_EQ(last.status, 200);
  EXPECT_TRUE(last.closes);
}

TEST_F(envoy, passes_the_probe_of_its_preset_while_it_drains_and_fails_it_when_it_is_stopped) {
  const config::configuration use = preset(admin);
  ASSERT_EQ(use.probes.size(), 1u);
  run_hooks(use, config::hook_phase::drain);
  EXPECT_TRUE(std::holds_alternative<pass>(ask(use)));
  // Why that does not ask for what is made for probes.
  const config::configuration ready = config::parse({{"probe.podmedic.io/a", "http: {port: 9901, path: /ready}"}});
  EXPECT_TRUE(std::holds_alternative<fail>(ask(ready)));
  ::kill(proxy->pid(), SIGSTOP);
  EXPECT_TRUE(std::holds_alternative<fail>(ask(use)));
  ::kill(proxy->pid(), SIGCONT);
  EXPECT_TRUE(std::holds_alternative<pass>(ask(use)));
}

TEST_F(envoy, that_was_told_to_drain_its_listeners_never_takes_a_client_again_so_no_preset_does_that) {
  const config::configuration listeners =
      config::parse({{"hook.podmedic.io/a", "http: {url: 'http://127.0.0.1:9901/drain_listeners'}"}});
  ASSERT_TRUE(listeners.found.empty());
  run_hooks(listeners, config::hook_phase::drain);
  EXPECT_TRUE(holds_soon([&] { return !client(network, port).connected(); }));
  undo_drain(preset(admin));
  EXPECT_FALSE(client(network, port).connected());
}
#endif

}  // namespace
}  // namespace podmedic
