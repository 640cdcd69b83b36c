#include "test/integration/probes/a_probe.hpp"
#include "test/support/model_server.hpp"
#include "test/support/own_network.hpp"

#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <vector>

namespace podmedic::probes {
namespace {

using std::chrono::steady_clock;
using test::own_network;
using testing::StartsWith;

/// A process of the Pod with a connection to the peer, which does what it is told: podmedic's own connections do not
/// count.
class application {
 public:
  explicit application(const sockaddr_in& peer) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) throw std::runtime_error("socketpair");
    orders_ = unique_fd(ends[0]);
    pid_ = ::fork();
    if (pid_ == 0) obey(ends[1], peer);
    ::close(ends[1]);
    wait();  // until it is connected
  }
  ~application() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  application(const application&) = delete;
  application& operator=(const application&) = delete;

  void send_eleven_bytes() const { order('s'); }
  void fill() const { order('f'); }  ///< as much as the kernel takes
  void read_all() const { order('r'); }

 private:
  void order(char what) const {
    if (::write(orders_.get(), &what, 1) != 1) throw std::runtime_error("the application has ended");
    wait();
  }
  void wait() const {
    char done = 0;
    if (::read(orders_.get(), &done, 1) != 1) throw std::runtime_error("the application has ended");
  }
  [[noreturn]] static void obey(int orders, const sockaddr_in& peer) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0) ::_exit(1);
    static std::array<char, 16 * 1024> piece{};
    for (char order = 'c'; ::write(orders, &order, 1) == 1 && ::read(orders, &order, 1) == 1;) {
      if (order == 's' && ::send(socket, piece.data(), 11, 0) != 11) ::_exit(1);
      while (order == 'f' && ::send(socket, piece.data(), piece.size(), MSG_DONTWAIT) > 0) {
      }
      while (order == 'r' && ::recv(socket, piece.data(), piece.size(), MSG_DONTWAIT) > 0) {
      }
    }
    ::_exit(0);
  }

  unique_fd orders_;
  pid_t pid_ = 0;
};

/// Real connections of a Pod and a peer of it, with a cable between them that can be cut.
class connections_probe : public a_probe {
 protected:
  static sockaddr_in address_of(const char* host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host, &address.sin_addr);
    return address;
  }
  static unique_fd listen_at(const char* host, std::uint16_t port, int backlog = 16) {
    unique_fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int small = 16 * 1024;  // inherited by what it accepts
    ::setsockopt(server.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    const sockaddr_in address = address_of(host, port);
    if (::bind(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("bind");
    ::listen(server.get(), backlog);
    return server;
  }
  static unique_fd connect_to(const char* host, std::uint16_t port, int more = 0) {
    unique_fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | more, 0));
    const sockaddr_in address = address_of(host, port);
    const int failed = ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (failed != 0 && more == 0) throw std::runtime_error("connect");
    return client;
  }
  static unique_fd accept_from(const unique_fd& server) {
    return unique_fd(::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  static void send(const unique_fd& by, const std::string& text) {
    ASSERT_EQ(::send(by.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  static ssize_t receive(const unique_fd& by, std::size_t bytes = 64 * 1024) {
    std::vector<char> piece(bytes);
    return ::recv(by.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  }
  std::unique_ptr<probe> to_the_peer() { return make("{connections: {peerPorts: [5432], stalledSeconds: 0.5}}"); }
  std::unique_ptr<probe> of_the_server() { return make("{connections: {listenPorts: [8001], stalledSeconds: 0.5}}"); }
  bool says_soon(probe& asked, const std::string& expected) {
    return test::holds_soon([&] { return ask(asked).starts_with(expected); });
  }
  /// A connection of the application's to the peer, and the peer's end of it.
  struct channel {
    std::unique_ptr<application> client;
    unique_fd server;
  };
  channel open_channel() {
    if (!peer_server_) peer_server_ = network.in_peer([] { return listen_at(own_network::peer_address, 5432); });
    channel made;
    made.client = std::make_unique<application>(address_of(own_network::peer_address, 5432));
    made.server = accept_from(peer_server_);
    return made;
  }

  own_network network;

 private:
  unique_fd peer_server_;
};

TEST_F(connections_probe, sees_a_peer_that_vanished_without_a_farewell) {
  const channel wedged = open_channel();
  const auto probe = to_the_peer();
  wedged.client->send_eleven_bytes();
  EXPECT_TRUE(says_soon(*probe, "Pass: 1 connections, 0 with data under way"));
  network.cut();
  wedged.client->send_eleven_bytes();
  EXPECT_THAT(ask(*probe), StartsWith("Pass: 1 connections, 1 with data under way"));
  EXPECT_TRUE(says_soon(*probe,
                        "Fail DataNotAcknowledged: the connection to 10.99.0.2:5432: the peer does not answer, "
                        "11 bytes have not moved for "));
  network.mend();
  EXPECT_TRUE(says_soon(*probe, "Pass"));
}

TEST_F(connections_probe, sees_a_peer_that_no_longer_reads) {
  const channel stuck = open_channel();
  const auto probe = to_the_peer();
  stuck.client->fill();
  EXPECT_TRUE(
      says_soon(*probe, "Fail PeerNotReading: the connection to 10.99.0.2:5432: the peer answers and does not read"));
  EXPECT_TRUE(test::holds_soon([&] {
    while (receive(stuck.server) > 0) {
    }
    return ask(*probe) == "Pass: 1 connections, 0 with data under way";
  }));
}

TEST_F(connections_probe, sees_that_the_application_no_longer_reads) {
  const channel stuck = open_channel();
  const auto probe = to_the_peer();
  send(stuck.server, "an answer");
  EXPECT_TRUE(
      says_soon(*probe, "Fail DataNotRead: the connection to 10.99.0.2:5432: the application does not read, 9 bytes"));
  stuck.client->read_all();
  EXPECT_THAT(ask(*probe), StartsWith("Pass"));
}

TEST_F(connections_probe, sees_a_server_that_never_accepts_and_one_that_does) {
  const unique_fd server = listen_at(own_network::pod_address, 8001, 1);
  const auto probe = of_the_server();
  EXPECT_THAT(ask(*probe), StartsWith("Pass"));
  std::vector<unique_fd> clients;
  network.in_peer([&] {
    for (int i = 0; i < 4; ++i) clients.push_back(connect_to(own_network::pod_address, 8001, SOCK_NONBLOCK));
  });
  EXPECT_TRUE(says_soon(*probe, "Fail NotAccepting: port 8001: of 2 connections that wait none was accepted for "));
  EXPECT_THAT(ask(*probe), testing::EndsWith("(backlog 1, full)"));
  const unique_fd one = accept_from(server);
  EXPECT_THAT(ask(*probe), StartsWith("Pass"));
}

TEST_F(connections_probe, sees_a_stopped_server_though_its_port_still_answers) {
  const test::model_server server({}, "8001");
  const auto probe = of_the_server();
  const unique_fd before = connect_to("127.0.0.1", 8001);
  EXPECT_TRUE(says_soon(*probe, "Pass"));
  server.stop_by_signal();
  {
    const unique_fd given_up = connect_to("127.0.0.1", 8001);
  }  // as a probe that dials and hangs up
  EXPECT_TRUE(says_soon(*probe, "Fail NotAccepting: port 8001: of "));
  server.signal(SIGCONT);
  EXPECT_TRUE(says_soon(*probe, "Pass"));
}

TEST_F(connections_probe, finds_nothing_wrong_with_idle_connections_and_slow_readers) {
  const channel idle = open_channel(), slow = open_channel(), answered = open_channel();
  answered.client->send_eleven_bytes();
  ASSERT_TRUE(test::holds_soon([&] { return receive(answered.server) == 11; }));
  send(answered.server, "an answer");
  const unique_fd server = listen_at(own_network::pod_address, 8001);
  const unique_fd accepted_client = network.in_peer([] { return connect_to(own_network::pod_address, 8001); });
  const unique_fd accepted = accept_from(server);
  const auto outbound = to_the_peer(), inbound = of_the_server();
  EXPECT_TRUE(test::holds_soon([&] {
    answered.client->read_all();
    return ask(*outbound) == "Pass: 3 connections, 0 with data under way";
  }));
  std::size_t busy = 0;
  for (const auto end = steady_clock::now() + 2s; steady_clock::now() < end;) {
    slow.client->fill();
    receive(slow.server, 4096);
    const std::string said = ask(*outbound);
    ASSERT_THAT(said, StartsWith("Pass: 3 connections, "));
    busy += said.ends_with("1 with data under way") ? 1 : 0;
    ASSERT_THAT(ask(*inbound), StartsWith("Pass"));
  }
  EXPECT_GT(busy, 10U) << "the slow reader had something to read";
}

TEST_F(connections_probe, reads_ipv6_and_leaves_other_ports_and_podmedics_own_alone) {
  unique_fd server(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(8001);
  address.sin6_addr = in6addr_loopback;
  ASSERT_EQ(::bind(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::listen(server.get(), 16);
  const unique_fd client(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto other = make("{connections: {peerPorts: [1, 2, 3], listenPorts: [4, 5, 6], stalledSeconds: 0.001}}");
  const auto all = make("{connections: {peerPorts: [1, 2, 8001], listenPorts: [3, 4], stalledSeconds: 0.001}}");
  const auto listening = make("{connections: {peerPorts: [1, 2], listenPorts: [3, 4, 8001], stalledSeconds: 0.2}}");
  EXPECT_EQ(ask(*other), "Pass: 0 connections, 0 with data under way");
  send(client, "to nobody");
  EXPECT_TRUE(says_soon(*listening, "Fail NotAccepting: port 8001"));
  const unique_fd accepted = accept_from(server);
  EXPECT_THAT(ask(*listening), StartsWith("Pass"));
  EXPECT_EQ(ask(*all), "Pass: 1 connections, 0 with data under way");
}

}  // namespace
}  // namespace podmedic::probes
