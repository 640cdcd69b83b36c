#include "probes/progress_judge.hpp"

#include "probes/registry.hpp"
#include "verdict_text.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

namespace podmedic::probes {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

const progress_settings settings{.pending = "running", .counters = "tokens", .stalled = 60s};

progress_sample look(double pending, std::vector<double> counters, std::string main = "") {
  return {.pending = pending, .counters = std::move(counters), .main_process = std::move(main)};
}
progress_sample not_read() {
  progress_sample sample;
  sample.unread = diagnosis{"MetricsNotRead", "timed out"};
  return sample;
}

/// What a server shows at a time.
using server = std::function<progress_sample(milliseconds)>;

/// When the first look fails, of one each period from `begin` to `end`; nothing where none does.
std::optional<milliseconds> first_failure(progress_judge& judge, const server& shown, milliseconds begin,
                                          milliseconds end, milliseconds period = 10s) {
  for (milliseconds at = begin; at <= end; at += period) {
    if (std::holds_alternative<fail>(judge.judge(shown(at), at))) return at;
  }
  return std::nullopt;
}
std::optional<milliseconds> first_failure(const server& shown, milliseconds end = 1h, milliseconds period = 10s) {
  progress_judge judge(settings);
  return first_failure(judge, shown, 0s, end, period);
}

/// Tokens come each 100 ms until that time.
double tokens_until(milliseconds stuck, milliseconds at) {
  return static_cast<double>(std::min(stuck, at).count() / 100);
}

TEST(progress_judge, fails_within_the_time_and_one_period_wherever_the_engine_stops_between_two_looks) {
  std::mt19937 random(1);
  for (const seconds period : {1s, 2s, 5s, 10s, 20s, 30s}) {
    for (int round = 0; round < 50; ++round) {
      const milliseconds stuck(100'000 + static_cast<int>(random() % 60'000));
      progress_judge judge(settings);
      std::optional<milliseconds> failed;
      for (milliseconds due = 0s; due <= 300s && !failed; due += period) {
        const milliseconds at = due + milliseconds(random() % 50);  // checks begin a little late
        if (std::holds_alternative<fail>(judge.judge(look(3, {tokens_until(stuck, at)}), at))) failed = at;
      }
      ASSERT_TRUE(failed) << period.count();
      EXPECT_GE(*failed, stuck + 60s - 200ms);
      EXPECT_LE(*failed, stuck + 60s + period + 50ms) << period.count();
    }
  }
}

TEST(progress_judge, takes_no_busy_server_for_a_dead_one) {
  const struct {
    const char* why;
    server shown;
  } rows[] = {
      {"idle", [](milliseconds) { return look(0, {17}); }},
      {"full, and each look sees one token more", [](milliseconds at) { return look(500, {double(at / 10s)}); }},
      {"a prefill of 40 s, then tokens, again and again", [](milliseconds at) { return look(1, {double(at / 40s)}); }},
      {"a request each minute that takes 50 s: the clock runs only while it is there",
       [](milliseconds at) { return look(at % 60s < 50s ? 1 : 0, {double(at / 60s)}); }},
      {"requests that their clients cancel before a token came, with pauses between",
       [](milliseconds at) { return look(at % 60s < 50s ? 1 : 0, {17}); }},
      {"of two counters one moves: prompts, while no token is made",
       [](milliseconds at) { return look(1, {17, double(at / 30s)}); }},
      {"a counter that only falls", [](milliseconds at) { return look(1, {1e6 - double(at / 30s)}); }},
      {"the endpoint is gone", [](milliseconds) { return not_read(); }},
      {"restarted each 50 s, with work waiting from the start, and stuck from the start",
       [](milliseconds at) { return look(1, {0}, "10@" + std::to_string(at / 50s)); }},
  };
  for (const auto& row : rows) EXPECT_EQ(first_failure(row.shown), std::nullopt) << row.why;
}

TEST(progress_judge, begins_with_the_first_look_that_saw_work) {
  EXPECT_EQ(first_failure([](milliseconds at) { return look(at < 30s ? 0 : 1, {17}); }), 90s);
}

TEST(progress_judge, begins_anew_with_a_counter_reset) {
  // Stuck at 5000 tokens; at 130 s the server is another one, that never made any.
  const auto shown = [](milliseconds at) { return look(2, {at < 130s ? tokens_until(100s, at) : 0}); };
  EXPECT_EQ(first_failure(shown), 190s);
}

TEST(progress_judge, begins_anew_with_another_main_process_but_not_where_it_is_unseen_for_a_moment) {
  const auto restarted = [](milliseconds at) { return look(2, {17}, at < 30s ? "7@1" : "9@30000"); };
  EXPECT_EQ(first_failure(restarted), 90s);
  const auto unseen = [](milliseconds at) { return look(2, {17}, at == 30s ? "" : "7@1"); };
  EXPECT_EQ(first_failure(unseen), 60s);
  const auto unseen_then_another = [](milliseconds at) {
    return look(2, {17}, at == 30s ? "" : at < 30s ? "7@1" : "9@40000");
  };
  EXPECT_EQ(first_failure(unseen_then_another), 100s);
}

TEST(progress_judge, counts_over_a_missed_look_but_not_over_a_long_silence) {
  const auto one_missed = [](milliseconds at) { return at == 30s ? not_read() : look(1, {17}); };
  EXPECT_EQ(first_failure(one_missed), 60s);
  // Not read from 30 s to 60 s: whether there was work meanwhile, nobody knows.
  const auto long_silence = [](milliseconds at) { return at >= 30s && at < 60s ? not_read() : look(1, {17}); };
  EXPECT_EQ(first_failure(long_silence), 120s);
}

TEST(progress_judge, does_not_count_the_time_in_which_podmedic_was_stopped) {
  progress_judge judge(settings);
  const server stuck = [](milliseconds) { return look(1, {17}); };
  EXPECT_EQ(first_failure(judge, stuck, 0s, 50s), std::nullopt);
  // The whole node was frozen for ten minutes. The first look after it proves nothing.
  EXPECT_EQ(verdict_text(judge.judge(look(1, {17}), 650s)), "Unknown LookedTooSeldom");
  EXPECT_EQ(first_failure(judge, stuck, 660s, 1h), 710s);
}

TEST(progress_judge, says_that_it_looks_too_seldom_to_judge) {
  progress_judge judge(settings);
  EXPECT_EQ(verdict_text(judge.judge(look(1, {17}), 0s)), "Pass");
  for (int minute = 1; minute < 5; ++minute) {
    EXPECT_EQ(verdict_text(judge.judge(look(1, {17}), minute * 60s)), "Unknown LookedTooSeldom");
  }
  EXPECT_EQ(verdict_text(judge.judge(look(1, {18}), 300s)), "Pass");  // it moves, whoever looks
  EXPECT_EQ(verdict_text(judge.judge(look(0, {18}), 360s)), "Pass");
}

TEST(progress_judge, passes_again_with_the_first_movement) {
  progress_judge judge(settings);
  EXPECT_EQ(first_failure(judge, [](milliseconds) { return look(1, {17}); }, 0s, 200s), 60s);
  EXPECT_EQ(message_of(judge.judge(look(3, {17}), 70s)),
            "3 pending (running), and tokens at 17 has not moved for 1 min 10 s");
  EXPECT_EQ(verdict_text(judge.judge(look(3, {18}), 80s)), "Pass");
  EXPECT_EQ(message_of(judge.judge(look(3, {18}), 90s)), "3 pending (running), tokens at 18 for 10 s");
  EXPECT_EQ(message_of(judge.judge(look(0, {18}), 100s)), "idle");
}

TEST(progress_sample, is_a_line_that_reads_back) {
  for (const progress_sample& sample : {look(3, {17, 0.5, 1e21}, "7@1"), look(0, {0}), not_read()}) {
    EXPECT_EQ(progress_sample::parse(sample.to_text()).to_text(), sample.to_text());
  }
  EXPECT_EQ(look(3, {17, 0.5}, "7@1").to_text(), "counters=17,0.5 main=7@1 pending=3");
  EXPECT_EQ(not_read().to_text(), "message=timed%20out unread=MetricsNotRead");
  for (const char* none : {"pending=1", "pending=1 counters=", "pending=1 counters=1,", "pending=1 counters=1;2"}) {
    EXPECT_THROW(progress_sample::parse(none), std::invalid_argument) << none;
  }
}

TEST(progress_kind, replays_what_checks_saw) {
  mistakes found;
  fields own = fields::parse("test", "{port: 8000, pending: a, counter: b, stalledSeconds: 20}", found);
  const auto progress =
      std::find_if(kinds().begin(), kinds().end(), [](const kind& one) { return one.name == "progress"; });
  const sample_judge judge = progress->read(own).replay();
  EXPECT_EQ(verdict_text(judge("pending=1 counters=7", 0s)), "Pass");
  EXPECT_EQ(verdict_text(judge("unread=MetricsNotRead message=x", 5s)), "Unknown MetricsNotRead");
  EXPECT_EQ(verdict_text(judge("pending=1 counters=7", 10s)), "Pass");
  EXPECT_EQ(verdict_text(judge("pending=1 counters=7", 20s)), "Fail NoProgress");
}

}  // namespace
}  // namespace podmedic::probes
