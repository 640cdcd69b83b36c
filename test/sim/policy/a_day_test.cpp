// A day of a Pod in virtual time, with a server of each temper: how often podmedic restarts it, how it ends, and what
// an unguarded sidecar, which exits with the code whenever a check fails, does to the same server.
#include "supervisor/simulation/virtual_pod.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace podmedic::simulation {
namespace {

using policy::phase;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds day = hours(24);

policy::rules default_policy() {
  policy::rules r;
  r.in_mode = policy::mode::enforce;
  r.probes = {{.name = "engine", .container = "engine"}};
  return r;
}

policy::rules short_policy() {
  policy::rules r = default_policy();
  r.back_off = {.base = seconds(2), .cap = seconds(20)};
  r.budget = {.restarts = 3, .window = minutes(10)};
  r.warm_up.maximum = seconds(60);
  return r;
}

/// A server of some temper, new for each run.
struct temper {
  const char* name;
  milliseconds start_up;
  /// How it answers: by time, its start, and how often the Pod was restarted before.
  health (*behaves)(moment now, moment started, std::size_t restarts);
  std::optional<milliseconds> crashes_every;  ///< by itself, and the kubelet starts it again
};

const temper dead{"can never work again",
                  seconds(20),
                  [](moment now, moment, std::size_t) { return now < minutes(10) ? health::passes : health::hangs; },
                  {}};
const temper heals{"heals at the second restart",
                   seconds(20),
                   [](moment now, moment, std::size_t restarts) {
                     return now < minutes(10) || restarts >= 2 ? health::passes : health::hangs;
                   },
                   {}};
const temper relapses{"relapses every 40 minutes",
                      seconds(20),
                      [](moment now, moment started, std::size_t) {
                        return now - started < minutes(40) ? health::passes : health::hangs;
                      },
                      {}};
/// Two checks of five let their deadline pass, never three in a row.
const temper slow{
    "is slow but living",
    seconds(20),
    [](moment now, moment, std::size_t) { return (now / seconds(2)) % 5 < 2 ? health::hangs : health::passes; },
    {}};
const temper crashes{"is restarted by the kubelet all the time", seconds(20),
                     [](moment, moment, std::size_t) { return health::passes; }, minutes(1)};

struct result {
  std::vector<moment> restarts;
  phase last = phase::starting;
  milliseconds out_of_traffic{0};
  int holding = 0;
  int recovered = 0;
  int relapsed = 0;
};

result run(const temper& of, const policy::rules& use, std::uint64_t seed = 1) {
  const virtual_pod* self = nullptr;
  virtual_pod::options with;
  with.use = use;
  with.seed = seed;
  with.servers = {{"engine", of.start_up,
                   [&](moment now, moment started) { return of.behaves(now, started, self->restarts().size()); }}};
  virtual_pod pod(std::move(with));
  self = &pod;
  // The kubelet's crash-loop back-off: 10 s, doubled at each crash, up to 300 s (platform.md).
  milliseconds crash_wait = seconds(10);
  while (pod.now() < day) {
    if (!of.crashes_every) {
      pod.advance(day - pod.now());
      break;
    }
    pod.advance(*of.crashes_every);
    pod.restart_container("engine", crash_wait);
    pod.advance(crash_wait);
    crash_wait = std::min<milliseconds>(crash_wait * 2, seconds(300));
  }
  return {pod.restarts(),
          pod.medic() == nullptr ? phase::starting : pod.medic()->in(),
          pod.out_of_traffic(),
          pod.count_of("Holding"),
          pod.count_of("Recovered"),
          pod.count_of("Relapsed")};
}

/// A sidecar without back-off, budget, thresholds or warm-up: 46 restarts of the whole Pod in 60 s (platform.md). A
/// server that needs longer than such a turn for its start never comes up again.
int unguarded_restarts(const temper& of) {
  constexpr milliseconds cycle{60'000 / 46};
  constexpr milliseconds check{2000};
  int restarts = 0;
  moment started{};
  milliseconds until_crash = of.crashes_every.value_or(day);
  for (moment now{}; now < day;) {
    const bool up = now - started >= of.start_up && now - started < until_crash;
    const bool passes = up && of.behaves(now, started, static_cast<std::size_t>(restarts)) == health::passes;
    if (passes) {
      now += check;
      continue;
    }
    ++restarts;
    started = now += cycle;
  }
  return restarts;
}

void print_row(const temper& of, const char* policy, const result& got) {
  std::printf(
      "%-42s %-9s %4zu restarts, %3d recovered, %3d relapsed, held %d, ends %-10s, %6.1f min unready | unguarded: "
      "%6d\n",
      of.name, policy, got.restarts.size(), got.recovered, got.relapsed, got.holding,
      std::string(policy::to_text(got.last)).c_str(), static_cast<double>(got.out_of_traffic.count()) / 60'000,
      unguarded_restarts(of));
}

/// No window of the budget's length holds more than it allows, and waits grow from the base on.
void expect_guarded(const result& got, const policy::rules& use) {
  for (std::size_t i = 0; i < got.restarts.size(); ++i) {
    const auto within = std::count_if(got.restarts.begin(), got.restarts.end(), [&](moment m) {
      return m <= got.restarts[i] && got.restarts[i] - m < use.budget.window;
    });
    EXPECT_LE(within, use.budget.restarts);
    EXPECT_TRUE(i == 0 || got.restarts[i] - got.restarts[i - 1] >= use.back_off.base);
  }
}

struct named_policy {
  const char* name;
  policy::rules use;
};
std::vector<named_policy> policies() {
  return {{"default", default_policy()}, {"short", short_policy()}};
}

TEST(ADay, AServerThatCanNeverWorkAgainIsRestartedThreeTimesAndThenHeld) {
  for (const auto& [name, use] : policies()) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      const result got = run(dead, use, seed);
      if (seed == 1) print_row(dead, name, got);
      expect_guarded(got, use);
      EXPECT_EQ(got.restarts.size(), 3U);
      EXPECT_EQ(got.last, phase::holding);
      EXPECT_EQ(got.holding, 1) << "told once";
      EXPECT_EQ(got.relapsed, 3);
    }
  }
}

TEST(ADay, WaitsGrowWhereTheServerFailsAtOnce) {
  // It passes one check after each start, so that no warm-up hides the waits.
  const temper stumbles{"stumbles",
                        milliseconds(500),
                        [](moment now, moment started, std::size_t) {
                          return now < minutes(10) || now - started < seconds(2) ? health::passes : health::hangs;
                        },
                        {}};
  for (auto [name, use] : policies()) {
    use.unrecovered_limit = 1000;
    use.budget.restarts = 60;
    use.success.stable = hours(1);
    use.budget.window = hours(1);
    const result got = run(stumbles, use);
    print_row(stumbles, name, got);
    ASSERT_GT(got.restarts.size(), 12U) << name;
    const milliseconds detection_and_way = seconds(20);
    milliseconds longest{0};
    for (std::size_t i = 1; i < got.restarts.size(); ++i) {
      const milliseconds gap = got.restarts[i] - got.restarts[i - 1];
      EXPECT_GE(gap + detection_and_way, longest) << "waits never shrink";
      longest = std::max(longest, gap);
    }
    EXPECT_GE(longest, use.back_off.cap);
    EXPECT_LE(longest, use.back_off.cap + detection_and_way);
  }
}

TEST(ADay, AServerThatHealsAtTheSecondRestartIsRestartedTwice) {
  for (const auto& [name, use] : policies()) {
    const result got = run(heals, use);
    print_row(heals, name, got);
    expect_guarded(got, use);
    EXPECT_EQ(got.restarts.size(), 2U);
    EXPECT_EQ(got.relapsed, 1);
    EXPECT_EQ(got.recovered, 1);
    EXPECT_EQ(got.last, phase::watching);
    EXPECT_EQ(got.holding, 0);
  }
}

TEST(ADay, AServerThatRelapsesEvery40MinutesIsHealedEachTime) {
  for (const auto& [name, use] : policies()) {
    const result got = run(relapses, use);
    print_row(relapses, name, got);
    expect_guarded(got, use);
    // Each turn takes 40 minutes, then detection (4 checks), the drain, the exit and the start: less than a minute.
    EXPECT_GE(got.restarts.size(), static_cast<std::size_t>(day / minutes(41)));
    EXPECT_LE(got.restarts.size(), static_cast<std::size_t>(day / minutes(40)));
    EXPECT_GE(got.recovered, static_cast<int>(got.restarts.size()) - 1);
    EXPECT_EQ(got.relapsed, 0);
    EXPECT_EQ(got.holding, 0);
    EXPECT_LT(got.out_of_traffic, got.restarts.size() * minutes(1));
  }
}

TEST(ADay, ASlowServerIsLeftAlone) {
  for (const auto& [name, use] : policies()) {
    const result got = run(slow, use);
    print_row(slow, name, got);
    EXPECT_TRUE(got.restarts.empty());
    EXPECT_EQ(got.out_of_traffic, milliseconds(0));
    EXPECT_GT(unguarded_restarts(slow), 60'000) << "it is up for no check at all";
  }
}

TEST(ADay, AContainerThatTheKubeletRestartsIsLeftToTheKubelet) {
  for (const auto& [name, use] : policies()) {
    const result got = run(crashes, use);
    print_row(crashes, name, got);
    EXPECT_TRUE(got.restarts.empty());
    EXPECT_EQ(got.out_of_traffic, milliseconds(0));
  }
}

TEST(ADay, ANodeThatRebootsEveryHourBuysNoFurtherRestart) {
  for (const auto& [name, use] : policies()) {
    const virtual_pod* self = nullptr;
    virtual_pod::options with;
    with.use = use;
    with.servers = {{"engine", dead.start_up,
                     [&](moment now, moment started) { return dead.behaves(now, started, self->restarts().size()); }}};
    virtual_pod pod(std::move(with));
    self = &pod;
    while (pod.now() < day) {
      pod.advance(hours(1));
      pod.reboot_node(minutes(1));
    }
    EXPECT_EQ(pod.restarts().size(), 3U) << name;
    std::printf("%-42s %-9s %4zu restarts\n", "can never work again, on a node that reboots", name,
                pod.restarts().size());
  }
}

}  // namespace
}  // namespace podmedic::simulation
