#include "test/integration/probes/a_probe.hpp"
#include "test/support/inference_server.hpp"

#include <gmock/gmock.h>
#include <boost/asio/steady_timer.hpp>

namespace podmedic::probes {
namespace {

using std::chrono::steady_clock;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// Completions of a real process with an engine thread, streamed as server-sent events over chunked HTTP/1.1.
class http_stream : public a_probe {
 protected:
  std::vector<std::string> samples;
  http_stream() {
    around.on_sample = [this](const std::string& sample) { samples.push_back(sample); };
  }
  static std::string completion(const test::inference_server& server, const std::string& more = "") {
    return "{http: {port: " + server.port() +
           R"(, path: /v1/completions, method: POST, body: '{"prompt": "1", "max_tokens": 4, "stream": true}')" +
           ", httpHeaders: [{name: Content-Type, value: application/json}], bodyContains: \"[DONE]\"" + more + "}}";
  }
};

TEST_F(http_stream, passes_where_it_comes_to_its_end) {
  const test::inference_server server;
  EXPECT_THAT(ask_once(completion(server, ", maxGapSeconds: 2, maxFirstChunkSeconds: 3")), StartsWith("Pass"));
  ASSERT_EQ(samples.size(), 1u);
  // Four tokens and the end mark, each an event of its own: `data: {"choices": [{"text": "x"}]}`.
  EXPECT_THAT(samples[0], AllOf(HasSubstr("status=200"), HasSubstr("text_found=1"), HasSubstr("body_bytes=158 ")));
}

TEST_F(http_stream, waits_for_a_long_prefill_that_nobody_bounded) {
  const test::inference_server server{{"prefill", 0.6}};
  EXPECT_THAT(ask_once(completion(server, ", maxGapSeconds: 0.3, maxLatencySeconds: 0.5")), StartsWith("Pass"));
}

TEST_F(http_stream, fails_where_the_first_chunk_comes_late) {
  const test::inference_server server{{"prefill", 0.4}};
  EXPECT_THAT(ask_once(completion(server, ", maxFirstChunkSeconds: 0.3")),
              AllOf(StartsWith("Fail TooSlow: "), HasSubstr("the body began after")));
}

TEST_F(http_stream, fails_where_the_first_byte_comes_late) {
  const test::inference_server server{{"prefill", 0.4}, {"early_head", false}};
  EXPECT_THAT(ask_once(completion(server, ", maxLatencySeconds: 0.3")),
              AllOf(StartsWith("Fail TooSlow: "), HasSubstr("the answer began after")));
}

TEST_F(http_stream, fails_at_a_gap_between_chunks_and_says_so_of_a_late_one_too) {
  const test::inference_server server{{"prefill", 0.4}, {"stop_after", 2}};
  EXPECT_THAT(ask_once(completion(server, ", maxGapSeconds: 0.3, maxFirstChunkSeconds: 0.1"), 1000s),
              StartsWith("Fail AnswerStalled: "));
}

TEST_F(http_stream, fails_at_a_gap_though_comments_keep_the_connection_warm) {
  const test::inference_server server{{"stop_after", 2}, {"keep_warm", 0.05}};
  EXPECT_THAT(ask_once(completion(server, ", maxGapSeconds: 0.5"), 1000s), StartsWith("Fail AnswerStalled: "));
  EXPECT_THAT(ask_once(completion(server), 1s), StartsWith("Fail AnswerStalled: ")) << "that is no stream which goes on";
}

TEST_F(http_stream, fails_where_the_engine_sends_an_error_and_then_the_end_mark) {
  const test::inference_server server{{"error", true}};
  EXPECT_THAT(ask_once(completion(server)), StartsWith("Pass"));
  EXPECT_THAT(ask_once(completion(server, R"(, bodyLacks: '"error"')")),
              AllOf(StartsWith("Fail UnexpectedBody: "), HasSubstr("the body contains")));
}

TEST_F(http_stream, tells_a_stream_that_never_ends_from_silence) {
  test::inference_server server{{"tokens", 0}};
  EXPECT_THAT(
      ask_once(completion(server, ", maxGapSeconds: 0.5"), 700ms),
      AllOf(StartsWith("Fail AnswerDidNotEnd: "), HasSubstr("status 200, but the body was still coming after")));
  server.order({{"stop_after", 1}});
  EXPECT_THAT(ask_once(completion(server), 700ms),
              AllOf(StartsWith("Fail AnswerStalled: "), HasSubstr("nothing came for the last")));
  server.order({{"stop_after", 0}});
  EXPECT_THAT(ask_once(completion(server), 700ms),
              AllOf(StartsWith("Fail AnswerStalled: "), HasSubstr("status 200, but nothing of the body within")));
  server.order({{"early_head", false}});
  EXPECT_THAT(ask_once(completion(server), 700ms), StartsWith("Fail RequestTimedOut: "));
}

TEST_F(http_stream, fails_where_the_server_dies_in_the_middle) {
  test::inference_server server{{"stop_after", 2}};
  const auto made = make(completion(server));
  boost::asio::steady_timer timer(context, 300ms);
  timer.async_wait([&](boost::system::error_code) { server.stop(); });
  EXPECT_THAT(ask(*made), StartsWith("Fail ConnectionBroken: "));
}

TEST_F(http_stream, sees_an_engine_that_is_stuck_while_health_answers) {
  test::inference_server server;
  const std::string one_token =
      "{http: {port: " + server.port() +
      R"(, path: /v1/completions, method: POST, body: '{"prompt": "1", "max_tokens": 1}', bodyContains: '"text": "x"'}})";
  EXPECT_THAT(ask_once(one_token), StartsWith("Pass"));
  server.order({{"stuck", true}});
  EXPECT_TRUE(test::holds_soon([&] { return ask_once(one_token, 300ms).starts_with("Fail RequestTimedOut: "); }));
  EXPECT_THAT(ask_once("{http: {port: " + server.port() + ", path: /health}}"), StartsWith("Pass"));
}

}  // namespace
}  // namespace podmedic::probes
