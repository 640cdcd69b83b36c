#include "probes/connections_judge.hpp"

#include "test/unit/probes/verdict_text.hpp"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

namespace podmedic::probes {
namespace {

using namespace std::chrono_literals;
using way = connections_sample::way;
using pending = connections_sample::pending;

pending sending(std::uint64_t id, std::uint64_t taken, int retransmits = 0, bool window_closed = false) {
  return {id, way::sending, 5432, "10.0.0.5:5432", 4096, taken, retransmits, window_closed};
}
pending receiving(std::uint64_t id, std::uint64_t taken) {
  return {id, way::receiving, 5432, "10.0.0.5:5432", 100, taken, 0, false};
}
connections_sample of(std::vector<pending> data) {
  connections_sample sample;
  sample.connections = 7;
  sample.data = std::move(data);
  return sample;
}
connections_sample waiting(std::set<std::uint64_t> ids, std::int64_t backlog = 128) {
  connections_sample sample;
  const auto length = static_cast<std::int64_t>(ids.size());
  sample.queues.push_back({8001, length, backlog, std::move(ids)});
  return sample;
}

struct row {
  const char* what;
  connections_sample sample;
  milliseconds at;
  const char* expected;
};
void expect(const std::vector<row>& rows) {
  connections_judge judge(30s);
  for (const row& each : rows) EXPECT_EQ(verdict_text(judge.judge(each.sample, each.at)), each.expected) << each.what;
}

TEST(data_under_way, fails_where_it_does_not_move) {
  expect({{"nothing waits", of({}), 0s, "Pass"},
          {"sent", of({sending(1, 100)}), 10s, "Pass"},
          {"not acknowledged", of({sending(1, 100, 4)}), 39s, "Pass"},
          {"for long", of({sending(1, 100, 5)}), 40s, "Fail DataNotAcknowledged"},
          {"a byte was acknowledged", of({sending(1, 101)}), 41s, "Pass"},
          {"all of it", of({}), 60s, "Pass"},
          {"another piece counts anew", of({sending(1, 101)}), 80s, "Pass"},
          {"the peer does not read", of({sending(1, 101, 0, true)}), 110s, "Fail PeerNotReading"},
          {"another connection in its place", of({sending(2, 101)}), 120s, "Pass"}});
}

TEST(data_under_way, of_the_application_fails_where_it_does_not_read) {
  expect({{"arrived", of({receiving(1, 50)}), 0s, "Pass"},
          {"and sending beside it, which moves", of({receiving(1, 50), sending(1, 1)}), 15s, "Pass"},
          {"not read", of({receiving(1, 50), sending(1, 2)}), 30s, "Fail DataNotRead"},
          {"read", of({receiving(1, 90), sending(1, 3)}), 45s, "Pass"}});
}

TEST(data_under_way, is_busy_while_it_moves_however_slowly_and_idle_where_there_is_none) {
  connections_judge slow(30s), idle(30s);
  for (std::uint64_t i = 0; i < 100; ++i) {
    const milliseconds at = 29s * i;
    EXPECT_EQ(verdict_text(slow.judge(of({sending(1, i, 0, true), receiving(2, i)}), at)), "Pass");
    EXPECT_EQ(verdict_text(idle.judge(of({}), at)), "Pass");
  }
}

TEST(data_under_way, is_told_by_what_has_waited_longest) {
  connections_judge judge(30s);
  judge.judge(of({sending(1, 0)}), 0s);
  judge.judge(of({sending(1, 0), receiving(2, 0)}), 10s);
  EXPECT_EQ(message_of(judge.judge(of({receiving(2, 0), sending(1, 0, 6)}), 45s)),
            "the connection to 10.0.0.5:5432: the peer does not answer, 4096 bytes have not moved for 45 s (6 "
            "retransmits); and 1 more");
}

TEST(an_accept_queue, fails_where_nobody_leaves_it) {
  expect({{"empty", waiting({}), 0s, "Pass"},
          {"the first one waits", waiting({1}), 100s, "Pass"},
          {"more come", waiting({1, 2, 3}), 120s, "Pass"},
          {"nobody was accepted", waiting({1, 2, 3, 4}), 130s, "Fail NotAccepting"},
          {"one was, whichever", waiting({1, 3, 4}), 131s, "Pass"},
          {"another one", waiting({3, 4, 5, 6}), 160s, "Pass"},
          {"then nobody", waiting({3, 4, 5, 6}), 190s, "Fail NotAccepting"},
          {"all", waiting({}), 191s, "Pass"},
          {"counts anew", waiting({7}), 300s, "Pass"},
          {"the listener is gone", of({}), 310s, "Pass"},
          {"and back", waiting({7}), 340s, "Pass"}});
}

TEST(an_accept_queue, says_whether_it_is_full) {
  connections_judge judge(30s);
  judge.judge(waiting({1, 2}, 1), 0s);
  EXPECT_EQ(message_of(judge.judge(waiting({1, 2}, 1), 31s)),
            "port 8001: of 2 connections that wait none was accepted for 31 s (backlog 1, full)");
  connections_judge to_the_brim(30s);  // the kernel takes one more than the backlog
  to_the_brim.judge(waiting({1, 2}, 2), 0s);
  EXPECT_EQ(message_of(to_the_brim.judge(waiting({1, 2}, 2), 31s)),
            "port 8001: of 2 connections that wait none was accepted for 31 s (backlog 2)");
  connections_judge other(30s);
  other.judge(waiting({1}), 0s);
  EXPECT_EQ(message_of(other.judge(waiting({1}), 31s)),
            "port 8001: of 1 connections that wait none was accepted for 31 s (backlog 128)");
}

TEST(an_accept_queue, that_is_long_and_moves_is_busy) {
  std::set<std::uint64_t> ids;
  for (std::uint64_t id = 0; id < 256; ++id) ids.insert(id);
  connections_judge judge(30s);
  for (std::uint64_t i = 0; i < 200; ++i) {  // each waits for more than an hour
    EXPECT_EQ(verdict_text(judge.judge(waiting(ids), 20s * i)), "Pass");
    ids.erase(i);
    ids.insert(i + 256);
  }
}

TEST(connections, never_fail_before_the_time_is_over_whatever_they_do) {
  std::mt19937 random(1);
  for (int world = 0; world < 200; ++world) {
    connections_judge judge(30s);
    milliseconds at{0};
    milliseconds moved{0};  // since then, the same connection has been the only one, and still
    std::uint64_t taken = 0;
    for (int step = 0; step < 50; ++step) {
      at += milliseconds(random() % 20'000);
      if (step == 0 || random() % 3 == 0) {
        ++taken;
        moved = at;
      }
      const bool failed = std::holds_alternative<fail>(judge.judge(of({sending(1, taken)}), at));
      EXPECT_EQ(failed, at - moved >= 30s);
    }
  }
}

TEST(connections, have_samples_that_are_read_as_they_were_written) {
  connections_sample sample = of({sending(18446744073709551615U, 5, 2, true), receiving(3, 4)});
  sample.data[1].peer = "[2001:db8::5]:5432";
  sample.queues.push_back({8001, 2, 128, {4, 9}});
  sample.queues.push_back({8002, 0, 0, {}});
  EXPECT_EQ(sample.to_text(),
            "accepting=8001/2/128/4/9,8002/0/0 connections=7 receiving=3/5432/[2001:db8::5]:5432/100/4/0/open "
            "sending=18446744073709551615/5432/10.0.0.5:5432/4096/5/2/closed");
  const connections_sample read = connections_sample::parse(sample.to_text());
  EXPECT_EQ(read.connections, 7);
  EXPECT_EQ(read.data, sample.data);
  EXPECT_EQ(read.queues, sample.queues);
  EXPECT_THROW(connections_sample::parse("connections=1 sending=x"), std::invalid_argument);
  EXPECT_THROW(connections_sample::parse("sending=1"), std::invalid_argument);
}

}  // namespace
}  // namespace podmedic::probes
