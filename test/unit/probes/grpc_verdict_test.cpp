#include "probes/grpc_verdict.hpp"

#include "probes/grpc_message.hpp"
#include "test/unit/probes/verdict_text.hpp"

#include <gtest/gtest.h>

namespace podmedic::probes::grpc {
namespace {

using namespace std::chrono_literals;

http_response answered(const std::string& grpc_status, const std::string& body = {}) {
  http_response answer;
  answer.status = 200;
  answer.headers = {{"content-type", "application/grpc"}, {"grpc-status", grpc_status}};
  answer.body = body;
  answer.first_byte = 3ms;
  return answer;
}
http_response health(char status) {
  return answered("0", framed(std::string("\x08") + status));
}
http_response plain_http(int status) {
  http_response answer;
  answer.status = status;
  answer.headers = {{"content-type", "text/html"}};
  return answer;
}
/// A proxy's error page for gRPC.
http_response error_page(int status, const std::string& grpc_status) {
  http_response answer = plain_http(status);
  answer.headers.emplace_back("grpc-status", grpc_status);
  return answer;
}
http_response busy_until(int status, const std::string& retry_after) {
  http_response answer = plain_http(status);
  answer.headers.emplace_back("retry-after", retry_after);
  return answer;
}
http_failure failed(http_fault fault, bool connected = true) {
  return {fault, "what happened", connected};
}

TEST(a_health_answer, is_judged_by_what_it_says) {
  const struct {
    const char* what;
    http_result answer;
    const char* expected;
  } rows[] = {
      {"SERVING", health(1), "Pass"},
      {"NOT_SERVING", health(2), "Fail NotServing (answered no)"},
      {"UNKNOWN", health(0), "Fail NotServing (answered no)"},
      {"SERVICE_UNKNOWN", health(3), "Unknown ServiceUnknown"},
      {"a status that does not exist", health(9), "Fail BadAnswer"},
      {"OK without a message", answered("0"), "Fail BadAnswer"},
      {"CANCELLED", answered("1"), "Fail HealthCheckFailed"},
      {"DEADLINE_EXCEEDED", answered("4"), "Fail HealthCheckTimedOut"},
      {"NOT_FOUND: the service's name is wrong", answered("5"), "Unknown ServiceUnknown"},
      {"PERMISSION_DENIED: a missing right", answered("7"), "Unknown NotPermitted"},
      {"RESOURCE_EXHAUSTED: busy is not dead", answered("8"), "Unknown TargetBusy"},
      {"UNIMPLEMENTED: no grpc.health.v1", answered("12"), "Unknown HealthNotImplemented"},
      {"INTERNAL", answered("13"), "Fail HealthCheckFailed"},
      {"UNAVAILABLE", answered("14"), "Fail Unavailable (answered no)"},
      {"UNAUTHENTICATED: a missing right", answered("16"), "Unknown NotPermitted"},
      {"a status of tomorrow", answered("99"), "Fail HealthCheckFailed"},
      {"no number", answered("fine"), "Fail BadAnswer"},
      {"a web page", plain_http(200), "Fail BadAnswer"},
      {"a proxy: no such path", plain_http(404), "Unknown HealthNotImplemented"},
      {"a proxy: no upstream", plain_http(503), "Fail Unavailable (answered no)"},
      {"a proxy: forbidden", plain_http(403), "Unknown NotPermitted"},
      {"a proxy: wants a login of its own", plain_http(407), "Unknown NotPermitted"},
      {"a proxy: this request is for another", plain_http(421), "Unknown NotPermitted"},
      {"a proxy: too many requests", plain_http(429), "Unknown TargetBusy"},
      {"a proxy: come back later", busy_until(503, "5"), "Unknown TargetBusy"},
      {"a proxy: broken", plain_http(500), "Fail BadAnswer"},
      {"a proxy's page with the truth in grpc-status: no upstream", error_page(204, "14"),
       "Fail Unavailable (answered no)"},
      {"the same: no such path", error_page(503, "12"), "Unknown HealthNotImplemented"},
      {"the same: a login", error_page(204, "16"), "Unknown NotPermitted"},
      {"could not ask", failed(http_fault::could_not_ask), "Unknown CouldNotAsk"},
      {"refused", failed(http_fault::refused), "Fail ConnectionRefused (answered no)"},
      {"timed out", failed(http_fault::timed_out), "Fail HealthCheckTimedOut"},
      {"broken off", failed(http_fault::broken), "Fail ConnectionBroken"},
      {"not trusted", failed(http_fault::untrusted), "Unknown CertificateNotTrusted"},
      {"too large", failed(http_fault::too_large), "Fail BadAnswer"},
      {"another protocol", failed(http_fault::wrong_protocol), "Unknown WrongProtocol"},
      {"ENHANCE_YOUR_CALM", failed(http_fault::told_to_calm_down), "Unknown TargetBusy"},
  };
  for (const auto& row : rows) EXPECT_EQ(verdict_text(judge_health(row.answer)), row.expected) << row.what;
}

TEST(a_health_answer, without_grpc_status_is_bad) {
  http_response cut = health(1);
  cut.headers.pop_back();
  EXPECT_EQ(verdict_text(judge_health(cut)), "Fail BadAnswer");
  EXPECT_EQ(message_of(judge_health(cut)), "health check: an answer without grpc-status");
}

TEST(a_health_answer, says_why_in_one_line) {
  EXPECT_EQ(message_of(judge_health(health(1))), "SERVING in 3 ms");
  http_response unavailable = answered("14");
  unavailable.headers.emplace_back("grpc-message", "going%0Adown");
  EXPECT_EQ(message_of(judge_health(unavailable)), "health check: UNAVAILABLE (14): going down");
}

TEST(a_held_channel, leaves_open_what_is_ill_only_where_it_is_silent_or_breaks) {
  EXPECT_TRUE(is_open(failed(http_fault::timed_out)));
  EXPECT_TRUE(is_open(failed(http_fault::broken)));
  EXPECT_FALSE(is_open(health(1)));
  EXPECT_FALSE(is_open(health(2)));  // a plain no
  for (const auto fault : {http_fault::could_not_ask, http_fault::refused, http_fault::untrusted}) {
    EXPECT_FALSE(is_open(failed(fault)));
  }
}

TEST(two_channels, tell_a_wedged_channel_from_a_wedged_server) {
  const http_failure silent = failed(http_fault::timed_out);
  const struct {
    const char* what;
    http_failure held;
    http_result fresh;
    const char* expected;
    const char* message;
  } rows[] = {
      {"only the channel", silent, health(1), "Fail HeldChannelWedged",
       "health check: held channel: no answer within 1 s; fresh channel: SERVING in 3 ms"},
      {"the channel broke, and a fresh one works", failed(http_fault::broken), health(1), "Fail HeldChannelWedged",
       "health check: held channel: what happened; fresh channel: SERVING in 3 ms"},
      {"the server", silent, silent, "Fail HealthCheckTimedOut",
       "health check on the held channel and on a fresh one: no answer within 1 s (TCP accepted the connection)"},
      {"the server, and its backlog is full", silent, failed(http_fault::timed_out, false), "Fail HealthCheckTimedOut",
       "health check on the held channel and on a fresh one: no answer within 1 s (no TCP connection)"},
      {"the server has ended", silent, failed(http_fault::refused), "Fail ConnectionRefused (answered no)",
       "what happened"},
      {"a fresh channel hears the no", silent, health(2), "Fail NotServing (answered no)",
       "health check: the server says NOT_SERVING"},
      {"no fresh channel could be asked", silent, failed(http_fault::could_not_ask), "Unknown CouldNotAsk",
       "what happened"},
  };
  for (const auto& row : rows) {
    const verdict found = judge_both(row.held, row.fresh, 1s);
    EXPECT_EQ(verdict_text(found), row.expected) << row.what;
    EXPECT_EQ(message_of(found), row.message) << row.what;
  }
}

TEST(a_canary, counts_only_what_the_server_is_to_blame_for) {
  const struct {
    const char* what;
    http_result answer;
    const char* expected;
  } rows[] = {
      {"OK, whatever the message", answered("0"), "Pass"},
      {"UNKNOWN: the handler threw", answered("2"), "Fail CanaryFailed"},
      {"INVALID_ARGUMENT: the request is wrong", answered("3"), "Unknown CanaryRejected"},
      {"DEADLINE_EXCEEDED", answered("4"), "Fail CanaryTimedOut"},
      {"NOT_FOUND: no such model", answered("5"), "Unknown CanaryRejected"},
      {"RESOURCE_EXHAUSTED: busy is not dead", answered("8"), "Unknown TargetBusy"},
      {"UNIMPLEMENTED: no such method", answered("12"), "Unknown CanaryRejected"},
      {"INTERNAL", answered("13"), "Fail CanaryFailed"},
      {"UNAVAILABLE", answered("14"), "Fail CanaryFailed (answered no)"},
      {"hangs", failed(http_fault::timed_out), "Fail CanaryTimedOut"},
      {"no answer of gRPC", plain_http(200), "Fail BadAnswer"},
  };
  for (const auto& row : rows) EXPECT_EQ(verdict_text(judge_canary(row.answer)), row.expected) << row.what;
}

}  // namespace
}  // namespace podmedic::probes::grpc
