#include "supervisor/rehearsal/timeline.hpp"
#include "supervisor/rehearsal/sidecar_words.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace podmedic::rehearsal {
namespace {

using namespace std::chrono_literals;
constexpr instant fault_at{500'000ms};

/// What is printed to a stream in memory.
template <class Print>
std::string printed(timeline::style as, Print print, std::size_t width = 0) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* stream = ::open_memstream(&text, &size);
  timeline shown(stream, as, width);
  print(shown);
  std::fclose(stream);
  const std::string result(text, size);
  std::free(text);
  return result;
}

TEST(timeline, a_phase_has_its_time_since_the_fault_and_since_the_phase_before) {
  const std::string text = printed(timeline::style::plain, [](timeline& t) {
    t.fault("SIGSTOP to container engine", fault_at);
    t.phase("Suspected", "suspected", "probe engine failed 3 times", fault_at + 3100ms);
    t.event("ready", "the Pod is not Ready", fault_at + 4200ms);
    t.phase("Drained", "drained", "in 1000 ms", fault_at + 5350ms);
  });
  EXPECT_EQ(text,
            "\nfault: SIGSTOP to container engine\n\n"
            "    +3.1 s    (3.1 s)  suspected             probe engine failed 3 times\n"
            "    +4.2 s                                   the Pod is not Ready\n"
            "    +5.3 s    (2.2 s)  drained               in 1000 ms\n");
}

TEST(timeline, a_long_message_stays_right_of_its_column_on_a_terminal) {
  const auto print = [](timeline& t) {
    t.event("x", "it was a long message and a_very_long_word_that_nothing_breaks", fault_at);
  };
  const std::string indent(45, ' ');
  EXPECT_EQ(printed(timeline::style::plain, print, 45 + 30),
            indent + "it was a long message and\n" + indent + "a_very_long_word_that_nothing_\n" + indent + "breaks\n");
  EXPECT_EQ(printed(timeline::style::plain, print, 40),  // too narrow for that
            indent + "it was a long message and a_very_long_word_that_nothing_breaks\n");
}

TEST(timeline, json_is_an_object_a_line) {
  const std::string text = printed(timeline::style::json, [](timeline& t) {
    t.fault("f", fault_at);
    t.phase("Suspected", "suspected", "why", fault_at + 3100ms);
  });
  EXPECT_EQ(text,
            "{\"event\":\"fault\",\"message\":\"f\"}\n"
            "{\"event\":\"phase\",\"reason\":\"Suspected\",\"title\":\"suspected\",\"message\":\"why\","
            "\"afterFaultSeconds\":3.1,\"tookSeconds\":3.1}\n");
}

TEST(timeline, the_summary_says_what_was_right_and_what_was_not) {
  const std::string text = printed(timeline::style::plain, [](timeline& t) {
    t.summary(
        {.good = false, .failures = {"bad"}, .confirmations = {"fine"}, .until_ready = 7s, .log_directory = "/logs"});
  });
  EXPECT_EQ(text,
            "\n  ok    fine\n  wrong bad\n  from the fault to a Pod that is Ready again: 7.0 s\n  logs of the "
            "containers: /logs\n");
}

TEST(sidecar_words, a_log_line_with_a_reason_tells_something) {
  const auto heard = read_log_line(R"({"time":"t","level":"warn","message":"m","reason":"Suspected"})");
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->reason, "Suspected");
  EXPECT_EQ(heard->message, "m");
  EXPECT_TRUE(heard->warning);
  for (const char* other : {R"({"message":"ready"})", "plain text", "[1]", R"({"reason":7})", ""}) {
    EXPECT_FALSE(read_log_line(other)) << other;
  }
}

TEST(sidecar_words, the_sidecar_is_content_when_it_watches_and_all_probes_have_passed) {
  EXPECT_EQ(complaint_in(R"({"phase":"Watching","probes":[{"name":"a","standing":"Healthy"}]})"), "");
  EXPECT_EQ(complaint_in(R"({"phase":"Watching","probes":[{"name":"a","standing":"Unproven","message":"refused"}]})"),
            "probe a has not passed: refused");
  EXPECT_EQ(complaint_in(R"({"phase":"Recovering","probes":[]})"), "podmedic is in phase Recovering");
  EXPECT_EQ(complaint_in("nonsense"), "podmedic does not answer yet");
}

}  // namespace
}  // namespace podmedic::rehearsal
