#include "test/integration/probes/a_probe.hpp"
#include "test/support/model_server.hpp"
#include "test/support/raw_server.hpp"
#include "test/support/scripted_server.hpp"
#include "test/support/tcp_relay.hpp"

#include <gmock/gmock.h>

namespace podmedic::probes {
namespace {

using std::chrono::steady_clock;
using test::model_server;
using test::raw_server;
using testing::StartsWith;

class grpc_probe : public a_probe {
 protected:
  static std::string to(const std::string& port, const std::string& more = "") {
    return "{grpc: {port: " + port + more + "}}";
  }
};

TEST_F(grpc_probe, passes_while_the_server_is_serving_and_holds_its_channel) {
  const model_server server;
  test::tcp_relay counted(context, server.port());
  const auto probe = make(to(counted.port()));
  for (int i = 0; i < 5; ++i) EXPECT_THAT(ask(*probe), StartsWith("Pass: SERVING in "));
  EXPECT_EQ(counted.accepted(), 1);
}

TEST_F(grpc_probe, fails_at_the_deadline_where_the_server_is_stopped_though_it_still_accepts_tcp) {
  const model_server server;
  const auto probe = make(to(server.port()));
  ASSERT_THAT(ask(*probe), StartsWith("Pass"));
  server.stop_by_signal();
  for (int i = 0; i < 2; ++i) {  // then with the held channel dropped
    const auto began = steady_clock::now();
    EXPECT_EQ(ask(*probe, 400ms),
              "Fail HealthCheckTimedOut: health check on the held channel and on a fresh one: no "
              "answer within 400 ms (TCP accepted the connection)");
    const auto took = steady_clock::now() - began;
    EXPECT_GE(took, 400ms);
  }
  server.signal(SIGCONT);
  EXPECT_THAT(ask(*probe), StartsWith("Pass"));
}

TEST_F(grpc_probe, tells_a_wedged_channel_from_a_wedged_server_and_drops_it) {
  const model_server server;
  test::tcp_relay relay(context, server.port());
  const auto probe = make(to(relay.port()));
  ASSERT_THAT(ask(*probe), StartsWith("Pass"));
  relay.silence_open_ones();
  EXPECT_THAT(ask(*probe, 1500ms),
              StartsWith("Fail HeldChannelWedged: health check: held channel: no answer within 1.5 s; fresh channel: "
                         "SERVING in "));
  EXPECT_THAT(ask(*probe), StartsWith("Pass"));
}

TEST_F(grpc_probe, has_no_false_failure_where_the_server_was_restarted_between_two_checks) {
  for (const int signal : {SIGKILL, SIGTERM}) {  // with and without a farewell on the held channel
    model_server first;
    const std::string port = first.port();
    const auto probe = make(to(port));
    ASSERT_THAT(ask(*probe), StartsWith("Pass"));
    first.end(signal);
    const model_server second({}, port);
    EXPECT_THAT(ask(*probe), StartsWith("Pass")) << "after signal " << signal;
  }
}

TEST_F(grpc_probe, has_no_false_failure_where_the_held_channel_dies_at_its_next_use) {
  const model_server server;
  test::tcp_relay relay(context, server.port());
  const auto probe = make(to(relay.port()));
  ASSERT_THAT(ask(*probe), StartsWith("Pass"));
  relay.cut_open_ones_when_used();
  EXPECT_THAT(ask(*probe), StartsWith("Pass"));
  EXPECT_EQ(relay.accepted(), 2);
}

TEST_F(grpc_probe, is_refused_where_the_server_has_ended) {
  model_server server;
  const auto probe = make(to(server.port()));
  ASSERT_THAT(ask(*probe), StartsWith("Pass"));
  server.end(SIGKILL);
  EXPECT_EQ(ask(*probe), "Fail ConnectionRefused (answered no): POST http://127.0.0.1:" + server.port() +
                             "/grpc.health.v1.Health/Check: connection refused");
}

TEST_F(grpc_probe, fails_where_the_server_says_so) {
  const model_server server({"--warm-up-seconds", "600", "--warm-up-mode", "not-serving"});
  EXPECT_EQ(ask_once(to(server.port())), "Fail NotServing (answered no): health check: the server says NOT_SERVING");
}

TEST_F(grpc_probe, knows_nothing_where_the_service_has_no_health) {
  const model_server server;
  EXPECT_THAT(ask_once(to(server.port(), ", service: nobody")), StartsWith("Unknown ServiceUnknown: "));
}

TEST_F(grpc_probe, knows_nothing_where_the_name_is_not_resolved) {
  EXPECT_THAT(ask_once("{grpc: {port: 1, host: nobody.invalid}}", 1s), StartsWith("Unknown CouldNotAsk: "));
}

TEST_F(grpc_probe, sees_work_that_hangs_while_health_answers_by_its_canary) {
  const model_server server;
  const auto health = make(to(server.port()));
  const auto canary = make(to(server.port(), R"(, canary: {method: /demo.Model/Generate, requestBase64: aGVsbG8=})"));
  const auto alone = make(to(server.port(), ", healthCheck: false, canary: {method: /demo.Model/Generate}"));
  EXPECT_THAT(ask(*canary), StartsWith("Pass: canary answered in "));
  EXPECT_THAT(ask(*alone), StartsWith("Pass: canary answered in "));
  server.hang_work();
  EXPECT_THAT(ask(*health), StartsWith("Pass: SERVING"));
  EXPECT_THAT(ask(*canary, 300ms), StartsWith("Fail CanaryTimedOut: "));
  EXPECT_THAT(ask(*alone, 300ms), StartsWith("Fail CanaryTimedOut: "));
}

TEST_F(grpc_probe, bounds_its_canary_by_a_time_of_its_own) {
  const model_server server;
  server.hang_work();
  EXPECT_THAT(ask_once(to(server.port(), ", canary: {method: /demo.Model/Generate, timeoutSeconds: 0.2}"), 1000s),
              StartsWith("Fail CanaryTimedOut: "));
}

TEST_F(grpc_probe, trusts_a_server_by_the_authority_it_is_given) {
  const test::test_authority authority, other;
  const model_server server({"--tls-cert", authority.file("tls.crt"), "--tls-key", authority.file("tls.key")});
  const auto with = [&](const std::string& ca) { return to(server.port(), ", tls: {caFile: " + ca + "}"); };
  EXPECT_THAT(ask_once(with(authority.file("ca.crt"))), StartsWith("Pass: SERVING"));
  EXPECT_THAT(ask_once(with(other.file("ca.crt"))), StartsWith("Unknown CertificateNotTrusted: "));
  EXPECT_THAT(ask_once(with(authority.file("missing.crt"))), StartsWith("Unknown CouldNotAsk: "));
  EXPECT_THAT(ask_once(to(server.port(), ", tls: {caFile: " + authority.file("ca.crt") + ", serverName: other.name}")),
              StartsWith("Unknown CertificateNotTrusted: "));
  EXPECT_THAT(ask_once(to(server.port())), StartsWith("Fail ConnectionBroken")) << "without TLS";
}

TEST_F(grpc_probe, shows_its_own_certificate_where_the_server_asks_for_one) {
  const test::test_authority authority;
  const model_server server({"--tls-cert", authority.file("tls.crt"), "--tls-key", authority.file("tls.key"),
                             "--tls-client-ca", authority.file("ca.crt")});
  const auto with = [&](const std::string& more) {
    return to(server.port(), ", tls: {caFile: " + authority.file("ca.crt") + more + "}");
  };
  const std::string own = ", certFile: " + authority.file("tls.crt") + ", keyFile: " + authority.file("tls.key");
  EXPECT_THAT(ask_once(with(own)), StartsWith("Pass: SERVING"));
  EXPECT_THAT(ask_once(with("")), StartsWith("Unknown CertificateNotTrusted: "));
  const std::string missing = ", certFile: /missing.crt, keyFile: /missing.key";
  EXPECT_THAT(ask_once(with(missing)), StartsWith("Unknown CouldNotAsk: "));
}

TEST_F(grpc_probe, learns_nothing_from_a_port_that_speaks_another_protocol) {
  const model_server server({"--http-port", "0"});
  EXPECT_THAT(ask_once(to(server.http_port())), StartsWith("Unknown WrongProtocol: ")) << "HTTP/1.1 in place of HTTP/2";
}

/// HTTP/2 frame (RFC 9113, 4.1).
std::string frame(char type, char flags, char stream, const std::string& payload) {
  const auto size = payload.size();
  std::string head{static_cast<char>(size >> 16),
                   static_cast<char>(size >> 8 & 0xff),
                   static_cast<char>(size & 0xff),
                   type,
                   flags,
                   0,
                   0,
                   0,
                   stream};
  return head + payload;
}
/// A header field as a literal without indexing (RFC 7541, 6.2.2).
std::string field(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + name + static_cast<char>(value.size()) + value;
}

TEST_F(grpc_probe, survives_every_hostile_answer) {
  using enum raw_server::afterwards;
  const std::string settings = frame(4, 0, 0, "");
  const std::string ok = settings + frame(1, 4, 1, "\x88" + field("content-type", "application/grpc"));
  const std::string status_0 = frame(1, 5, 1, field("grpc-status", "0"));
  const auto data = [](const std::string& bytes) { return frame(0, 0, 1, bytes); };
  const std::string nul(1, '\0');
  const struct {
    const char* what;
    std::string bytes;
    raw_server::afterwards then;
    const char* expected;
  } rows[] = {
      {"the right answer, to show that these bytes are understood",
       ok + data(nul + nul + nul + nul + "\x02\x08\x01") + status_0, wait, "Pass: SERVING"},
      {"nothing, and hangs up", "", hang_up, "Fail ConnectionBroken"},
      {"nothing, and waits", "", wait, "Fail HealthCheckTimedOut"},
      {"plain text", "hello\r\n\r\n", hang_up, "Unknown WrongProtocol"},
      {"a message longer than its prefix says", ok + data(nul + nul + nul + nul + "\x01\x08\x01") + status_0, wait,
       "Fail BadAnswer"},
      {"a prefix of four gigabytes", ok + data(nul + "\xff\xff\xff\xff\x08\x01") + status_0, wait, "Fail BadAnswer"},
      {"a compressed message", ok + data("\x01" + nul + nul + nul + "\x02\x08\x01") + status_0, wait, "Fail BadAnswer"},
      {"a varint without an end",
       ok + data(nul + nul + nul + nul + "\x0c\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff") + status_0, wait,
       "Fail BadAnswer"},
      {"no trailers", ok + frame(0, 1, 1, nul + nul + nul + nul + "\x02\x08\x01"), wait, "Fail BadAnswer"},
      {"trailers that never come", ok + data(nul + nul + nul + nul + "\x02\x08\x01"), wait, "Fail HealthCheckTimedOut"},
      {"trailers alone: UNAVAILABLE",
       settings + frame(1, 5, 1, "\x88" + field("content-type", "application/grpc") + field("grpc-status", "14")), wait,
       "Fail Unavailable (answered no)"},
      {"trailers alone: UNIMPLEMENTED",
       settings + frame(1, 5, 1, "\x88" + field("content-type", "application/grpc") + field("grpc-status", "12")), wait,
       "Unknown HealthNotImplemented"},
      {"a reset of the stream", ok + frame(3, 0, 1, nul + nul + nul + "\x02"), wait, "Fail ConnectionBroken"},
      {"a body without an end", ok + data(std::string(16000, 'x')), repeat, "Fail "},
      {"informational answers without an end",
       settings + frame(1, 4, 1,
                        nul + "\x07:status\x03"
                              "103"),
       repeat, "Fail "},
  };
  for (const auto& row : rows) {
    raw_server server(context, row.bytes, row.then);
    EXPECT_THAT(ask_once(to(server.port()), 1s), StartsWith(row.expected)) << row.what;
  }
}

}  // namespace
}  // namespace podmedic::probes
