#include "test/integration/probes/a_probe.hpp"
#include "test/support/model_server.hpp"
#include "test/support/scripted_server.hpp"

#include <gmock/gmock.h>

namespace podmedic::probes {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::StartsWith;

class http_probe : public a_probe {
 protected:
  const test::model_server server{std::vector<std::string>{"--http-port", "0"}};
  std::string to(const std::string& path, const std::string& more = "") const {
    return "{http: {port: " + server.http_port() + ", path: " + path + more + "}}";
  }
};

TEST_F(http_probe, judges_the_status) {
  const struct {
    const char* path;
    const char* more;
    const char* expected;
  } rows[] = {
      {"/status/200", "", "Pass: status 200 in "},
      {"/status/204", "", "Pass: status 204 in "},
      {"/status/302", "", "Pass: status 302 in "},  // not followed
      {"/status/404", "", "Fail UnexpectedStatus: "},
      {"/status/503", "", "Fail UnexpectedStatus (answered no): "},  // it says that it cannot serve now
      {"/status/302", ", expectStatus: 200", "Fail UnexpectedStatus: "},
      {"/status/404", ", expectStatus: \"200-299,404\"", "Pass: status 404 in "},
  };
  for (const auto& row : rows) EXPECT_THAT(ask_once(to(row.path, row.more)), StartsWith(row.expected)) << row.path;
}

TEST_F(http_probe, looks_for_a_text_in_the_body) {
  EXPECT_THAT(ask_once(to("/health", ", bodyContains: ok")), StartsWith("Pass"));
  EXPECT_THAT(ask_once(to("/health", ", bodyContains: fine")),
              AllOf(StartsWith("Fail UnexpectedBody: "), HasSubstr("does not contain \"fine\"")));
}

TEST_F(http_probe, bounds_the_latency_of_an_answer_that_comes_in_time) {
  EXPECT_THAT(ask_once(to("/delay/1", ", maxLatencySeconds: 5"), 10s), StartsWith("Pass"));
  EXPECT_THAT(ask_once(to("/delay/200", ", maxLatencySeconds: 0.1"), 10s), StartsWith("Fail TooSlow: "));
}

TEST_F(http_probe, fails_at_its_deadline) {
  EXPECT_THAT(ask_once(to("/delay/5000"), 300ms),
              AllOf(StartsWith("Fail RequestTimedOut: "), HasSubstr("TCP accepted the connection")));
}

TEST_F(http_probe, reads_a_stream_to_its_end_and_notices_where_it_stalls) {
  EXPECT_THAT(ask_once(to("/stream/3/50", ", maxGapSeconds: 2"), 10s), StartsWith("Pass"));
  EXPECT_THAT(ask_once(to("/stream/3/3000", ", maxGapSeconds: 0.2"), 10s), StartsWith("Fail AnswerStalled: "));
  EXPECT_THAT(ask_once(to("/stream/100/50"), 300ms), StartsWith("Fail AnswerDidNotEnd: "));
}

TEST_F(http_probe, sends_what_it_was_told_to_send) {
  const test::scripted_server scripted;
  const auto passed = ask_once("{http: {url: \"http://localhost:" + scripted.port() +
                               "/infer?x=1\", method: POST, body: hello, "
                               "httpHeaders: [{name: X-Probe, value: canary}, {name: Host, value: a.test}]}}");
  EXPECT_THAT(passed, StartsWith("Pass"));
  const auto requests = scripted.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0]["method"], "POST");
  EXPECT_EQ(requests[0]["path"], "/infer?x=1");
  EXPECT_EQ(requests[0]["body"], "hello");
  EXPECT_EQ(requests[0]["headers"]["x-probe"], "canary");
  EXPECT_EQ(requests[0]["headers"]["host"], "a.test");
}

TEST_F(http_probe, speaks_https_with_a_verified_certificate) {
  const test::test_authority authority, other;
  const test::scripted_server scripted(&authority);
  const auto with = [&](const std::string& ca) {
    return "{http: {port: " + scripted.port() + ", scheme: HTTPS, tls: {caFile: " + ca + "}}}";
  };
  EXPECT_THAT(ask_once(with(authority.file("ca.crt"))), StartsWith("Pass"));
  EXPECT_THAT(ask_once(with(other.file("ca.crt"))), StartsWith("Unknown CertificateNotTrusted: "));
  EXPECT_THAT(ask_once(with("/missing.crt")), StartsWith("Unknown CouldNotAsk: "));
}

TEST_F(http_probe, knows_what_a_missing_answer_means) {
  const test::scripted_server scripted;
  const struct {
    const char* mode;
    const char* expected;
  } rows[] = {
      {"hang_up", "Fail ConnectionBroken: "},
      {"silent", "Fail RequestTimedOut: "},
      {"garbage", "Unknown WrongProtocol: "},
      {"endless", "Fail AnswerDidNotEnd: "},
  };
  for (const auto& row : rows) {
    scripted.answer({{"status", 200}, {"mode", row.mode}, {"body", "this is no HTTP\r\n\r\n"}});
    EXPECT_THAT(ask_once("{http: {port: " + scripted.port() + "}}", 300ms), StartsWith(row.expected)) << row.mode;
  }
  EXPECT_THAT(ask_once("{http: {port: 1}}"), StartsWith("Fail ConnectionRefused (answered no): "));
  EXPECT_THAT(ask_once("{http: {port: 1, host: nobody.invalid}}", 1s), StartsWith("Unknown CouldNotAsk: "));
}

}  // namespace
}  // namespace podmedic::probes
