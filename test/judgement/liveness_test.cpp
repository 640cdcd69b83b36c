#include "liveness.hpp"

#include <gtest/gtest.h>

namespace podmedic::judgement {
namespace {

using namespace std::chrono_literals;

trace of(std::vector<observation> seen, milliseconds end) {
  trace all;
  all.seen = std::move(seen);
  all.end = end;
  return all;
}

TEST(liveness, kills_after_three_checks_that_time_out) {
  const trace hangs = of({{12s, "liveness", "answers=60"}}, 100s);
  EXPECT_EQ(kills_at(simulation::kubernetes_default, hangs), 41s) << "checks at 20, 30 and 40 s, each for 1 s";
  EXPECT_EQ(kills_at(simulation::every_second, hangs), 15s) << "checks at 12, 13 and 14 s";
}

TEST(liveness, forgives_what_passes_in_between) {
  const trace flaps = of(
      {{5s, "liveness", "refuses=1"}, {25s, "liveness", "answers=0.01"}, {38s, "liveness", "answers=0.01 status=503"}},
      100s);
  EXPECT_EQ(kills_at(simulation::kubernetes_default, flaps), 60s + 10ms)
      << "10 and 20 s refused, then 503 at 40, 50 and 60 s";
  EXPECT_EQ(kills_at(simulation::every_second, flaps), 7s);
}

TEST(liveness, never_kills_what_answers) {
  EXPECT_EQ(kills_at(simulation::kubernetes_default, of({{0s, "liveness", "answers=0.9"}}, 1000s)), std::nullopt);
  EXPECT_EQ(kills_at(simulation::every_second, of({{0s, "decode", "pending=1"}}, 1000s)), std::nullopt);
}

}  // namespace
}  // namespace podmedic::judgement
