#include "probes/memory_judge.hpp"

#include "probes/cgroup_memory.hpp"
#include "verdict_text.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <random>
#include <stdexcept>

namespace podmedic::probes {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

constexpr double limit = 1 << 30;
constexpr milliseconds window = 600s;
constexpr double end_of_test = 3 * 3600;  // seconds

memory_sample sample_of(double used) {
  // Page cache is as large as it likes.
  const auto bytes = static_cast<std::int64_t>(std::max(0.0, used));
  return {"1@1", "v2", bytes + 300'000'000, 300'000'000, static_cast<std::int64_t>(limit)};
}

struct outcome {
  double failed_at = -1;         ///< seconds; -1: never
  double reached_limit_at = -1;  ///< as failed_at
};
/// Looks every twenty seconds at an amount (a share of the limit), with noise of so much on top.
outcome follow(const std::function<double(double seconds)>& share, double noise, unsigned seed) {
  memory_judge judge({.time_to_limit = 600s, .window = window});
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> above(0, noise);
  outcome found;
  for (double seconds = 0; seconds < end_of_test; seconds += 20) {
    const double now = share(seconds) + above(random);
    if (now >= 1) {
      found.reached_limit_at = seconds;
      return found;
    }
    if (found.failed_at >= 0) continue;
    const verdict said = judge.judge(sample_of(now * limit), milliseconds(static_cast<std::int64_t>(seconds * 1000)));
    if (std::holds_alternative<fail>(said)) found.failed_at = seconds;
  }
  return found;
}

TEST(memory_trend, a_leak_fails_before_the_limit_and_not_long_before_it) {
  for (const double hours : {0.5, 1.0, 2.0}) {
    for (const double noise : {0.0, 0.005, 0.02}) {
      for (unsigned seed = 0; seed < 2; ++seed) {
        const auto found = follow([&](double seconds) { return 0.2 + 0.8 * seconds / (hours * 3600); }, noise, seed);
        const double left = found.reached_limit_at - found.failed_at;
        EXPECT_GE(found.failed_at, 0) << hours << " h, noise " << noise << ", seed " << seed;
        EXPECT_GE(left, noise > 0.01 ? 20 : 120) << hours << " h, noise " << noise << ", seed " << seed;
        EXPECT_LE(left, 1500) << hours << " h, noise " << noise << ", seed " << seed;
      }
    }
  }
}

TEST(memory_trend, a_leak_under_a_sawtooth_fails_before_the_limit) {
  for (unsigned seed = 0; seed < 2; ++seed) {
    const auto found = follow(
        [](double seconds) { return 0.2 + 0.6 * seconds / 7200 + 0.08 * std::fmod(seconds, 100) / 100; }, 0.005, seed);
    EXPECT_GE(found.failed_at, 0) << seed;
    EXPECT_GE(found.reached_limit_at - found.failed_at, 120) << seed;
  }
}

TEST(memory_trend, a_sawtooth_never_fails) {
  for (const double period : {30.0, 100.0, 250.0, 400.0, 550.0, 900.0, 2000.0}) {
    for (unsigned seed = 0; seed < 2; ++seed) {
      const double first = period > 600 ? period - 500 : 0;  // its first rise is no longer than the window
      const auto found =
          follow([&](double seconds) { return 0.3 + 0.65 * std::fmod(seconds + first, period) / period; }, 0.02, seed);
      EXPECT_EQ(found.failed_at, -1) << period << " s, seed " << seed;
    }
  }
}

TEST(memory_trend, what_levels_off_never_fails) {
  for (const double level : {0.5, 0.8, 0.9, 0.93}) {
    for (const double slowness : {60.0, 300.0, 600.0, 1500.0}) {
      for (unsigned seed = 0; seed < 2; ++seed) {
        const auto filled = [&](double seconds) { return level * (1 - std::exp(-seconds / slowness)); };
        EXPECT_EQ(follow(filled, 0.005, seed).failed_at, -1) << level << " after " << slowness << " s, seed " << seed;
      }
    }
  }
}

TEST(memory_trend, a_load_that_ends_within_three_quarters_of_the_window_never_fails) {
  for (const double loading : {60.0, 200.0, 400.0, 450.0}) {
    const auto loaded = [&](double seconds) { return 0.95 * std::min(1.0, seconds / loading); };
    EXPECT_EQ(follow(loaded, 0.005, 1).failed_at, -1) << loading << " s";
  }
}

TEST(memory_trend, noise_never_fails) {
  for (const double level : {0.1, 0.5, 0.9, 0.95}) {
    for (unsigned seed = 0; seed < 5; ++seed) {
      EXPECT_EQ(follow([&](double) { return level; }, 0.04, seed).failed_at, -1) << level << ", seed " << seed;
    }
  }
}

TEST(memory_trend, a_random_walk_within_bounds_never_fails_for_long) {
  // It may look like a leak for a moment; most of the time it does not.
  int failed = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> step(0, 0.005);
    double level = 0.5;
    const auto found = follow([&](double) { return level = std::clamp(level + step(random), 0.2, 0.8); }, 0, seed);
    failed += found.failed_at >= 0;
  }
  EXPECT_LE(failed, 1);
}

class memory_of_a_container : public testing::Test {
 protected:
  memory_settings settings{.max_usage = 0.9, .time_to_limit = 600s, .window = window};
  std::optional<memory_judge> judge;
  milliseconds at{0};
  verdict look(const memory_sample& sample) {
    if (!judge) judge.emplace(settings);
    at += 10s;
    return judge->judge(memory_sample::parse(sample.to_text()), at);
  }
  std::string look_at(double share) { return verdict_text(look(sample_of(share * limit))); }
};

TEST_F(memory_of_a_container, fails_above_its_share_and_passes_clearly_below_it) {
  EXPECT_EQ(look_at(0.89), "Pass");
  EXPECT_EQ(look_at(0.91), "Fail TooMuchMemory");
  EXPECT_EQ(look_at(0.88), "Fail TooMuchMemory");  // not clearly
  EXPECT_EQ(look_at(0.85), "Pass");
  EXPECT_EQ(look_at(0.88), "Pass");
}

TEST_F(memory_of_a_container, does_not_count_page_cache) {
  memory_sample sample = sample_of(0.5 * limit);
  sample.usage = static_cast<std::int64_t>(limit);
  sample.reclaimable = sample.usage / 2;
  const verdict found = look(sample);
  EXPECT_EQ(message_of(found), "512.0 MiB of 1024.0 MiB (50 %) in use");
}

TEST_F(memory_of_a_container, without_a_limit_is_unknown_unless_the_probe_gives_one) {
  memory_sample sample = sample_of(0.95 * limit);
  sample.limit.reset();
  EXPECT_EQ(verdict_text(look(sample)), "Unknown NoLimit");
  settings.limit = static_cast<std::int64_t>(limit);
  judge.reset();
  EXPECT_EQ(verdict_text(look(sample)), "Fail TooMuchMemory");
  sample.limit = static_cast<std::int64_t>(limit) * 2;  // the smaller one counts
  EXPECT_EQ(verdict_text(look(sample)), "Fail TooMuchMemory");
}

TEST_F(memory_of_a_container, says_how_fast_it_grows_and_for_how_long_it_will_do) {
  verdict found;
  for (int i = 0; i <= 60; ++i) found = look(sample_of((0.2 + i * 0.009) * limit));  // 5.4 % a minute, 74 % now
  EXPECT_EQ(verdict_text(found), "Fail MemoryRunsOut");
  EXPECT_THAT(message_of(found), HasSubstr("(74 %) in use and growing by 55.3 MiB a minute all through 10 min"));
  EXPECT_THAT(message_of(found), HasSubstr("the limit is reached in 4 min 48"));
}

TEST_F(memory_of_a_container, that_fails_by_its_trend_passes_when_it_grows_no_more) {
  int i = 0;
  while (i <= 60) look_at(0.2 + i++ * 0.009);
  EXPECT_EQ(look_at(0.2 + i * 0.009), "Fail MemoryRunsOut");
  EXPECT_EQ(look_at(0.3), "Pass");  // collected
}

TEST_F(memory_of_a_container, starts_a_new_window_with_a_new_main_process) {
  int i = 0;
  while (i <= 60) look_at(0.2 + i++ * 0.009);
  memory_sample sample = sample_of((0.2 + i * 0.009) * limit);
  sample.container = "1@77";
  EXPECT_EQ(verdict_text(look(sample)), "Pass");
}

TEST(memory_sample, takes_nothing_for_a_sample_that_is_none) {
  for (const char* line : {"", "container=1 layout=v2 usage=1", "container=1 layout=v2 usage=-1 reclaimable=0",
                           "container=1 layout=v2 usage=1 reclaimable=0 limit=x"}) {
    EXPECT_THROW(memory_sample::parse(line), std::invalid_argument) << line;
  }
}

TEST(memory_cgroup, is_found_whatever_the_view) {
  const struct {
    const char* cgroup;
    const char* mountinfo;
    bool v2;
    const char* directory;
  } rows[] = {
      // v2, seen from a cgroup namespace beside it
      {"0::/../cri-containerd-ab.scope\n",
       "700 699 0:29 /../cri-containerd-ab.scope /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n", true,
       "/sys/fs/cgroup"},
      // v2, its mount is the host's
      {"0::/kubepods.slice/pod1/ab\n", "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n", true,
       "/sys/fs/cgroup/kubepods.slice/pod1/ab"},
      // v1, its mounts are bound from its own cgroup
      {"9:name=systemd:/x\n4:memory:/kubepods/pod1/ab\n0::/\n",
       "40 39 0:31 /kubepods/pod1/ab /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
       "41 39 0:32 /kubepods/pod1/ab /sys/fs/cgroup/memory ro master:9 - cgroup cgroup rw,memory\n",
       false, "/sys/fs/cgroup/memory"},
      // v1, the host's, with a space in its name
      {"4:cpu,memory:/a b\n", "41 39 0:32 / /sys/fs/cg\\040roup rw - cgroup cgroup rw,cpu,memory\n", false,
       "/sys/fs/cg roup/a b"},
      // hybrid without memory on v1
      {"4:cpu:/a\n0::/b\n", "41 39 0:32 / /c rw - cgroup cgroup rw,cpu\n42 39 0:33 / /d rw - cgroup2 cgroup2 rw\n",
       true, "/d/b"},
  };
  for (const auto& row : rows) {
    const auto found = find_memory_cgroup(row.cgroup, row.mountinfo);
    ASSERT_TRUE(found) << row.cgroup;
    EXPECT_EQ(found->v2, row.v2) << row.cgroup;
    EXPECT_EQ(found->directory, row.directory);
  }
  EXPECT_FALSE(find_memory_cgroup("", ""));
  EXPECT_FALSE(find_memory_cgroup("0::/a\n", "30 23 0:26 / /x rw - tmpfs tmpfs rw\n"));
  EXPECT_FALSE(find_memory_cgroup("0::/abc\n", "30 23 0:26 /ab /x rw - cgroup2 cgroup2 rw\n"));  // another cgroup's
}

TEST(memory_cgroup, files_are_read_as_the_kernel_writes_them) {
  EXPECT_EQ(parse_bytes("4096\n"), 4096);
  for (const char* text : {"max\n", "", "9223372036854771712\n", "-1\n", "1 2\n"})
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
  const auto v2 = parse_memory_stat("anon 5\nfile 30\nslab_reclaimable 4\ninactive_file 10\nactive_file 20\n", true);
  ASSERT_TRUE(v2);
  EXPECT_EQ(v2->reclaimable, 34);
  const auto v1 = parse_memory_stat(
      "cache 1\ninactive_file 1\nhierarchical_memory_limit 4096\ntotal_inactive_file 10\ntotal_active_file 20\n",
      false);
  ASSERT_TRUE(v1);
  EXPECT_EQ(v1->reclaimable, 30);
  EXPECT_EQ(v1->limit, 4096);
  EXPECT_FALSE(parse_memory_stat("anon 5\n", true));
  EXPECT_FALSE(parse_memory_stat("inactive_file x\nactive_file 1\n", true));
}

}  // namespace
}  // namespace podmedic::probes
