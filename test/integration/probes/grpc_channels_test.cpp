#include "base/tcp_connections.hpp"
#include "base/tcp_sockets.hpp"
#include "test/integration/probes/a_probe.hpp"
#include "test/support/directories.hpp"
#include "test/support/model_server.hpp"
#include "test/support/own_network.hpp"
#include "test/support/raw_server.hpp"
#include "test/support/tcp_relay.hpp"

#include <gmock/gmock.h>
#include <openssl/evp.h>

#include <cstdlib>

namespace podmedic::probes {
namespace {

using std::chrono::steady_clock;
using test::model_server;
using testing::HasSubstr;
using testing::StartsWith;

class grpc_channels : public a_probe {
 protected:
  static std::string to(const std::string& port, const std::string& more = "") {
    return "{grpc: {port: " + port + more + "}}";
  }
};

/// The local port of podmedic's own connection to that port.
std::uint16_t own_end_of_connection_to(const std::string& port) {
  tcp_socket_scan scan({}, {static_cast<std::uint16_t>(std::stoi(port))});
  const auto own = own_socket_inodes();
  std::uint16_t found = 0;
  while (std::get<bool>(scan.next([&](const tcp_socket& one) {
    if (own.contains(one.inode)) found = one.local_port;
  }))) {
  }
  return found;
}

TEST_F(grpc_channels, half_open_are_told_from_a_wedged_server_and_dialled_anew) {
  const test::own_network network;
  const model_server server;
  const auto probe = make(to(server.port()));
  ASSERT_THAT(ask(*probe), StartsWith("Pass"));
  const std::string held = std::to_string(own_end_of_connection_to(server.port()));
  // The packets of that connection alone are lost, both ways, and nobody says so.
  for (const std::string& ports :
       {"--sport " + held + " --dport " + server.port(), "--sport " + server.port() + " --dport " + held}) {
    ASSERT_EQ(std::system(("iptables -w -A OUTPUT -p tcp " + ports + " -j DROP").c_str()), 0);
  }
  EXPECT_THAT(ask(*probe, 1s),
              StartsWith("Fail HeldChannelWedged: health check: held channel: no answer within 1 s; fresh "
                         "channel: SERVING in "));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(ask(*probe, 1s), StartsWith("Pass: SERVING")) << "on a channel of its own";
  server.stop_by_signal();
  EXPECT_THAT(ask(*probe, 500ms),
              AllOf(StartsWith("Fail HealthCheckTimedOut"), HasSubstr("TCP accepted the connection")));
}

TEST_F(grpc_channels, to_a_peer_that_vanished_are_silent_both) {
  const test::own_network network;
  const auto server =
      network.in_peer([] { return std::make_unique<model_server>(std::vector<std::string>{"--address", "0.0.0.0"}); });
  const auto probe = make(to(server->port(), std::string(", host: ") + test::own_network::peer_address));
  ASSERT_THAT(ask(*probe), StartsWith("Pass"));
  network.cut();
  EXPECT_THAT(ask(*probe, 500ms), AllOf(StartsWith("Fail HealthCheckTimedOut"), HasSubstr("no TCP connection")));
  network.mend();
  EXPECT_TRUE(test::holds_soon([&] { return ask(*probe).starts_with("Pass"); }));
}

/// HTTP/2 frame (RFC 9113, 4.1), and a header field as a literal without indexing (RFC 7541, 6.2.2).
std::string frame(char type, char flags, char stream, const std::string& payload) {
  return std::string{0,
                     static_cast<char>(payload.size() >> 8),
                     static_cast<char>(payload.size() & 0xff),
                     type,
                     flags,
                     0,
                     0,
                     0,
                     stream} +
         payload;
}
std::string field(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + name + static_cast<char>(value.size()) + value;
}

TEST_F(grpc_channels, that_are_told_to_calm_down_or_to_go_are_no_failure) {
  const std::string answer = frame(4, 0, 0, "") + frame(1, 4, 1, "\x88" + field("content-type", "application/grpc")) +
                             frame(0, 0, 1, std::string("\0\0\0\0\2\x08\1", 7)) +
                             frame(1, 5, 1, field("grpc-status", "0"));
  const auto go_away = [](char last_stream, char code, const std::string& text) {
    return frame(7, 0, 0, std::string{0, 0, 0, last_stream, 0, 0, 0, code} + text);
  };
  const std::string farewells[] = {
      go_away(1, 0xb, "too_many_pings"),                                               // ENHANCE_YOUR_CALM
      go_away(1, 0, "max_age"),                                                        // NO_ERROR
      frame(7, 0, 0, std::string("\x7f\xff\xff\xff\0\0\0\0", 8)) + go_away(1, 0, ""),  // grpc-go's warning first
  };
  for (const std::string& farewell : farewells) {
    test::raw_server server(context, answer + farewell, test::raw_server::afterwards::wait);
    const auto probe = make(to(server.port()));
    for (int i = 0; i < 3; ++i) EXPECT_THAT(ask(*probe, 1s), StartsWith("Pass: SERVING"));
    EXPECT_EQ(server.accepted(), 3);
  }
}

#ifdef HAVE_GO_TOOLS

/// test/tools/strict-grpc in a process of its own.
class strict_server {
 public:
  explicit strict_server(const std::string& max_age, const std::string& grace = "1s") {
    process_ = std::make_unique<test::child_process>(
        std::vector<std::string>{"/bin/sh", "-c", R"(exec "$0" "$@" >)" + directory_.file("log"),
                                 test::binary_directory() + "/tools/strict-grpc", "-max-connection-age", max_age,
                                 "-max-connection-age-grace", grace});
    const std::string begin = "grpc listening on ";
    if (!test::holds_soon([&] { return log().starts_with(begin) && log().ends_with("\n"); }))
      throw std::runtime_error("strict-grpc");
    port_ = log().substr(begin.size());
    port_.pop_back();
  }
  const std::string& port() const { return port_; }

 private:
  std::string log() const {
    std::stringstream content;
    content << std::ifstream(directory_.file("log")).rdbuf();
    return content.str();
  }
  test::temporary_directory directory_;
  std::unique_ptr<test::child_process> process_;
  std::string port_;
};

TEST_F(grpc_channels, that_a_grpc_go_server_ends_for_their_age_are_no_failure) {
  const strict_server server("100ms", "10ms");
  test::tcp_relay counted(context, server.port());
  const auto probe = make(to(counted.port()));
  int checks = 0;
  for (const auto end = steady_clock::now() + 2s; steady_clock::now() < end; ++checks) {
    ASSERT_THAT(ask(*probe), StartsWith("Pass: SERVING")) << "check " << checks;
  }
  EXPECT_GT(counted.accepted(), 10);
  EXPECT_GT(checks, 2 * counted.accepted()) << "the channel was held in between";
}

TEST_F(grpc_channels, are_held_by_a_grpc_go_server_that_forbids_pings) {
  const strict_server server("1h");
  test::tcp_relay counted(context, server.port());
  const auto probe = make(to(counted.port()));
  for (int i = 0; i < 50; ++i) ASSERT_THAT(ask(*probe), StartsWith("Pass: SERVING"));
  EXPECT_EQ(counted.accepted(), 1);
}

/// A canary field: of a google.protobuf.StringValue with that text, as strict-grpc reads it.
std::string stream_of(const std::string& text, const std::string& more = "") {
  const std::string message = std::string{'\x0a', static_cast<char>(text.size())} + text;
  std::string base64(4 * ((message.size() + 2) / 3) + 1, '\0');
  const int size =
      ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                        reinterpret_cast<const unsigned char*>(message.data()), static_cast<int>(message.size()));
  base64.resize(static_cast<std::size_t>(size));
  return ", canary: {method: /demo.Model/Stream, requestBase64: \"" + base64 + "\"" + more + "}";
}

TEST_F(grpc_channels, carry_a_streaming_canary_that_must_go_on_and_end) {
  const strict_server server("1h");
  const struct {
    const char* what;
    std::string canary;
    const char* expected;
  } rows[] = {
      {"five messages and the end", stream_of("5 10ms 0", ", maxGapSeconds: 0.5"), "Pass: canary answered in "},
      {"slow, and within the gap", stream_of("3 300ms 0", ", maxGapSeconds: 1"), "Pass: canary answered in "},
      {"stuck after two", stream_of("9 10ms 2", ", maxGapSeconds: 0.3"),
       "Fail CanaryStalled: canary: after 2 messages: "},
      {"without an end", stream_of("0 10ms 0", ", maxGapSeconds: 0.5, timeoutSeconds: 0.4"),
       "Fail CanaryNeverEnded: canary: the stream had not ended at the deadline, after "},
      {"without an end, of which three suffice", stream_of("0 10ms 0", ", maxGapSeconds: 0.5, enoughMessages: 3"),
       "Pass: canary: 3 messages, the first after "},
      {"one that ends before it is enough", stream_of("2 10ms 0", ", enoughMessages: 3"), "Pass: canary answered in "},
      {"a request that is none", stream_of("x"), "Fail CanaryFailed: "},
  };
  for (const auto& row : rows) {
    const auto probe = make(to(server.port(), row.canary));
    for (int i = 0; i < 2; ++i) EXPECT_THAT(ask(*probe, 2s), StartsWith(row.expected)) << row.what;
  }
}

#endif

TEST_F(grpc_channels, say_what_they_saw_so_that_it_can_be_judged_again) {
  std::vector<std::string> samples;
  around.on_sample = [&](const std::string& sample) { samples.push_back(sample); };
  const model_server server;
  const std::string text = to(server.port(), ", canary: {method: /demo.Model/Generate, requestBase64: aGVsbG8=}");
  const auto probe = make(text);
  std::vector<std::string> said;
  said.push_back(ask(*probe));
  server.hang_work();
  said.push_back(ask(*probe, 300ms));
  server.stop_by_signal();
  said.push_back(ask(*probe, 300ms));

  mistakes found;
  fields own = fields::parse("test", "{port: 1}", found);
  const sample_judge judge = kinds().front().read(own).replay();
  const char* expected[] = {"", "CanaryTimedOut", "HealthCheckTimedOut"};
  ASSERT_EQ(samples.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const verdict again = judge(samples[i], 0s);
    const auto* failed = std::get_if<fail>(&again);
    EXPECT_EQ(failed == nullptr ? "" : failed->why.reason, expected[i]) << samples[i];
    EXPECT_THAT(said[i], HasSubstr(expected[i]));
  }
}

}  // namespace
}  // namespace podmedic::probes
