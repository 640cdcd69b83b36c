#include "probes/grpc_sample.hpp"

#include "probes/grpc_message.hpp"
#include "test/unit/probes/verdict_text.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace podmedic::probes::grpc {
namespace {

using namespace std::chrono_literals;

http_response answered(const std::string& grpc_status, const std::string& message = {}) {
  http_response answer;
  answer.status = 200;
  answer.headers = {{"content-type", "application/grpc"}, {"grpc-status", grpc_status}};
  if (!message.empty()) answer.headers.emplace_back("grpc-message", message);
  answer.first_byte = 3ms;
  return answer;
}
http_response health(serving_status status) {
  http_response answer = answered("0");
  answer.body = framed(health_response(status));
  return answer;
}
sample of(http_result held) {
  sample seen;
  seen.held = std::move(held);
  seen.timeout = 1s;
  return seen;
}
sample with_canary(http_result answer, canary_stream stream = {}) {
  sample seen = of(health(serving_status::serving));
  seen.canary = std::move(answer);
  seen.stream = stream;
  return seen;
}

TEST(a_grpc_sample, is_judged_alike_when_it_is_read_again) {
  const http_failure silent{http_fault::timed_out, "no answer", true};
  const http_failure cut{http_fault::gap, "the answer stopped for 1 s in the middle", true};
  sample fresh_passes = of(silent), both_silent = of(silent), refused = of(silent);
  fresh_passes.fresh = health(serving_status::serving);
  both_silent.fresh = http_failure{http_fault::timed_out, "no answer", false};
  refused.fresh = http_failure{http_fault::refused, "connection refused", false};
  http_response web_page;
  web_page.status = 503;
  http_response garbled = answered("0");
  garbled.body = "";
  sample canary_alone;
  canary_alone.canary = answered("0");
  const struct {
    const char* what;
    sample seen;
    const char* expected;
  } rows[] = {
      {"SERVING", of(health(serving_status::serving)), "Pass"},
      {"NOT_SERVING", of(health(serving_status::not_serving)), "Fail NotServing (answered no)"},
      {"SERVICE_UNKNOWN", of(health(serving_status::service_unknown)), "Unknown ServiceUnknown"},
      {"no message", of(garbled), "Fail BadAnswer"},
      {"UNAVAILABLE", of(answered("14", "shutting%20down")), "Fail Unavailable (answered no)"},
      {"a proxy", of(web_page), "Fail Unavailable (answered no)"},
      {"only the channel is wedged", fresh_passes, "Fail HeldChannelWedged"},
      {"the server is", both_silent, "Fail HealthCheckTimedOut"},
      {"silent, and no time to ask afresh", of(silent), "Fail HealthCheckTimedOut"},
      {"gone meanwhile", refused, "Fail ConnectionRefused (answered no)"},
      {"a canary", with_canary(answered("0")), "Pass"},
      {"a canary alone", canary_alone, "Pass"},
      {"a canary that the server is too busy for", with_canary(answered("8")), "Unknown TargetBusy"},
      {"a canary that hangs", with_canary(silent), "Fail CanaryTimedOut"},
      {"a stream that stops", with_canary(cut, {.messages = 2, .enough = false}), "Fail CanaryStalled"},
      {"a stream that ends", with_canary(answered("0"), {.messages = 9, .enough = false}), "Pass"},
      {"a stream that ends badly", with_canary(answered("13"), {.messages = 9, .enough = false}), "Fail CanaryFailed"},
      {"a stream that does not end", with_canary(silent, {.messages = 9, .enough = false}), "Fail CanaryNeverEnded"},
      {"a stream of which that was enough", with_canary(answered(""), {.messages = 9, .enough = true}), "Pass"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(verdict_text(judge(row.seen)), row.expected) << row.what;
    const sample again = sample::parse(row.seen.to_text());
    EXPECT_EQ(verdict_text(judge(again)), row.expected) << row.what << ": " << row.seen.to_text();
    EXPECT_EQ(message_of(judge(again)), message_of(judge(row.seen))) << row.what;
    EXPECT_EQ(again.to_text(), row.seen.to_text());
  }
}

TEST(a_grpc_sample, can_be_read_by_people) {
  sample seen = of(http_failure{http_fault::timed_out, "no answer within 1 s", true});
  seen.fresh = health(serving_status::serving);
  EXPECT_EQ(seen.to_text(),
            "fresh.content-type=application/grpc fresh.firstByteMs=3 fresh.grpc-status=0 fresh.http=200 "
            "fresh.says=SERVING held.connected=1 held.fault=timedOut held.why=no%20answer%20within%201%20s "
            "timeoutMs=1000");
  for (const char* wrong :
       {"", "timeoutMs=1", "held.http=200", "timeoutMs=1 held.fault=tired held.why=x held.connected=1"}) {
    EXPECT_THROW(sample::parse(wrong), std::invalid_argument) << wrong;
  }
}

TEST(a_canary_stream, says_how_far_it_came) {
  const http_failure silent{http_fault::timed_out, "no answer", true};
  EXPECT_EQ(message_of(judge_canary(silent, {.messages = 1, .enough = false})),
            "canary: the stream had not ended at the deadline, after 1 message");
  EXPECT_EQ(message_of(judge_canary(http_failure{http_fault::gap, "the answer stopped for 1 s in the middle", true},
                                    {.messages = 2, .enough = false})),
            "canary: after 2 messages: the answer stopped for 1 s in the middle");
  EXPECT_EQ(message_of(judge_canary(answered(""), {.messages = 3, .enough = true})),
            "canary: 3 messages, the first after 3 ms");
}

TEST(message_counter, counts_whole_messages_however_they_are_cut) {
  const std::string stream = framed("") + framed("one") + framed(std::string(300, 'x')) + framed("") + "\0\0";
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    message_counter counter;
    for (std::size_t at = 0; at < stream.size(); at += size) counter.take(std::string_view(stream).substr(at, size));
    EXPECT_EQ(counter.count(), 4) << size;
  }
  message_counter counter;
  counter.take(std::string_view("\0\0\0\0\2a", 6));
  EXPECT_EQ(counter.count(), 0);
  counter.take("b");
  EXPECT_EQ(counter.count(), 1);
}

}  // namespace
}  // namespace podmedic::probes::grpc
