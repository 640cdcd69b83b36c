#include "probes/http_judge.hpp"

#include "probes/registry.hpp"
#include "verdict_text.hpp"

#include <gmock/gmock.h>

namespace podmedic::probes {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A completion of four tokens, streamed: head at once, the first token after 400 ms, then one each 50 ms.
http_sample good_stream() {
  http_sample sample;
  sample.status = 200;
  sample.first_byte = 3ms;
  for (int token = 0; token < 4; ++token) sample.body.take(40, 400ms + token * 50ms);
  sample.took = 551ms;
  sample.text_found = true;
  return sample;
}

http_judge judge_of_stream() {
  return http_judge({.asked = "POST http://127.0.0.1:8000/v1/completions",
                     .status = *status_ranges::parse("200-399"),
                     .body_contains = "[DONE]",
                     .max_latency = 100ms,
                     .max_first_chunk = 2s});
}

TEST(http_judge, names_the_gravest_of_what_is_wrong) {
  struct row {
    std::function<void(http_sample&)> change;
    const char* expected;
  };
  const auto timed_out = [](http_sample& sample, milliseconds at) {
    sample.fault = http_fault::timed_out;
    sample.message = "POST http://127.0.0.1:8000/v1/completions: an answer began";
    sample.took = at;
    sample.text_found = false;
  };
  const row rows[] = {
      {[](http_sample&) {}, "Pass"},
      // A server that queues the request is slow with the first token; the bound of the head is not for that.
      {[](http_sample& s) { s.body.first_piece = 1900ms; }, "Pass"},
      {[](http_sample& s) { s.body.first_piece = 2001ms; }, "Fail TooSlow"},
      {[](http_sample& s) { s.first_byte = 100ms; }, "Pass"},
      {[](http_sample& s) { s.first_byte = 101ms; }, "Fail TooSlow"},
      // Late and wrong: wrong is what it is.
      {[](http_sample& s) { s.first_byte = 1s, s.text_found = false; }, "Fail UnexpectedBody"},
      {[](http_sample& s) { s.first_byte = 1s, s.status = 404; }, "Fail UnexpectedStatus"},
      // It says itself that it cannot serve now; that the text is missing follows from it.
      {[](http_sample& s) { s.status = 503, s.text_found = false; }, "Fail UnexpectedStatus (answered no)"},
      // It refuses podmedic, or is busy: neither says that it is ill.
      {[](http_sample& s) { s.status = 401; }, "Unknown NotPermitted"},
      {[](http_sample& s) { s.status = 403; }, "Unknown NotPermitted"},
      {[](http_sample& s) { s.status = 407; }, "Unknown NotPermitted"},
      {[](http_sample& s) { s.status = 421; }, "Unknown NotPermitted"},
      {[](http_sample& s) { s.status = 429, s.text_found = false; }, "Unknown TargetBusy"},
      {[](http_sample& s) { s.status = 503, s.retry_after = 2s; }, "Unknown TargetBusy"},
      // An error event in a stream that ends as it should.
      {[](http_sample& s) { s.unwanted_text_found = true; }, "Fail UnexpectedBody"},
      // Late, and then it stalls: the stall is what is wrong with it.
      {[](http_sample& s) { s.first_byte = 1s, s.fault = http_fault::gap; }, "Fail AnswerStalled"},
      // Tokens come until the time is up, and after the text that was asked for too.
      {[&](http_sample& s) { timed_out(s, 580ms); }, "Fail AnswerDidNotEnd"},
      {[&](http_sample& s) { timed_out(s, 580ms), s.text_found = true; }, "Fail AnswerDidNotEnd"},
      // Four tokens in 150 ms, then silence for 450 ms, with no bound on gaps: that is no stream which goes on.
      {[&](http_sample& s) { timed_out(s, 1s); }, "Fail AnswerStalled"},
      // A head, and nothing after it.
      {[&](http_sample& s) { timed_out(s, 1s), s.body = {}; }, "Fail AnswerStalled"},
      // Silence from the beginning.
      {[&](http_sample& s) { timed_out(s, 1s), s.body = {}, s.first_byte.reset(), s.status = 0; },
       "Fail RequestTimedOut"},
      {[](http_sample& s) { s.fault = http_fault::broken; }, "Fail ConnectionBroken"},
      {[](http_sample& s) { s.fault = http_fault::refused; }, "Fail ConnectionRefused (answered no)"},
      {[](http_sample& s) { s.fault = http_fault::too_large; }, "Fail BadAnswer"},
      {[](http_sample& s) { s.fault = http_fault::untrusted; }, "Unknown CertificateNotTrusted"},
      {[](http_sample& s) { s.fault = http_fault::could_not_ask; }, "Unknown CouldNotAsk"},
      {[](http_sample& s) { s.fault = http_fault::wrong_protocol; }, "Unknown WrongProtocol"},
      {[](http_sample& s) { s.fault = http_fault::told_to_calm_down; }, "Unknown TargetBusy"},
  };
  for (const row& each : rows) {
    http_sample sample = good_stream();
    each.change(sample);
    EXPECT_EQ(verdict_text(judge_of_stream().judge(sample)), each.expected) << sample.to_text();
    // What was recorded is judged as it was.
    EXPECT_EQ(verdict_text(judge_of_stream().judge(http_sample::parse(sample.to_text()))), each.expected);
    EXPECT_EQ(http_sample::parse(sample.to_text()).to_text(), sample.to_text());
  }
}

TEST(http_judge, says_of_a_stream_that_goes_on_how_it_went_on) {
  http_sample sample = good_stream();
  sample.fault = http_fault::timed_out;
  sample.took = 600ms;
  EXPECT_EQ(message_of(judge_of_stream().judge(sample)),
            "POST http://127.0.0.1:8000/v1/completions: status 200, but the body was still coming after 600 ms: 160 "
            "bytes, the longest pause 50 ms");
}

TEST(http_sample, is_a_line_for_people) {
  EXPECT_EQ(good_stream().to_text(),
            "body_bytes=160 body_first_ms=400 body_last_ms=550 body_longest_gap_ms=50 first_byte_ms=3 status=200 "
            "text_found=1 took_ms=551");
  EXPECT_THROW(http_sample::parse("status=200"), std::invalid_argument);
  EXPECT_THROW(http_sample::parse("status=200 took_ms=1 text_found=1 fault=bored message=x"), std::invalid_argument);
}

TEST(http_kind, replays_what_a_check_saw) {
  mistakes found;
  fields own = fields::parse("test", "{port: 8000, expectStatus: 200}", found);
  const auto http = std::find_if(kinds().begin(), kinds().end(), [](const kind& one) { return one.name == "http"; });
  const sample_judge judge = http->read(own).replay();
  EXPECT_EQ(verdict_text(judge("status=204 took_ms=1 text_found=1", 0ms)), "Fail UnexpectedStatus");
  EXPECT_EQ(verdict_text(judge("status=200 took_ms=1 text_found=1", 10s)), "Pass");
}

}  // namespace
}  // namespace podmedic::probes
