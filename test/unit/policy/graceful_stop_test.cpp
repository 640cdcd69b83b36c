#include "supervisor/policy/graceful_stop.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>

namespace podmedic::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using lives = std::vector<graceful_stop::life>;

constexpr instant beginning{std::chrono::hours(1)};
constexpr graceful_stop_rules usual{.timeout = seconds(5), .wedged_timeout = seconds(1)};

graceful_stop::life life_of(std::string container, pid_t pid) {
  return {.container = std::move(container), .pid = pid, .started = beginning - seconds(60)};
}

/// One stop, and the Pod that it is about.
struct a_stop {
  graceful_stop plan;
  lives alive;
  milliseconds now{0};

  explicit a_stop(std::optional<std::string> wedged = {}, std::vector<std::string> sidecars = {"proxy", "shipper"},
                  graceful_stop_rules use = usual)
      : plan(use, std::move(wedged), std::move(sidecars), beginning),
        alive{life_of("proxy", 10), life_of("shipper", 11), life_of("engine", 20), life_of("front", 21)} {}

  void ends(pid_t pid) {
    std::erase_if(alive, [&](const auto& one) { return one.pid == pid; });
  }
  graceful_stop::life& of(pid_t pid) {
    return *std::find_if(alive.begin(), alive.end(), [&](const auto& one) { return one.pid == pid; });
  }
  /// Who is asked to end at that time.
  std::vector<pid_t> at(milliseconds when) {
    now = when;
    std::vector<pid_t> asked;
    for (const auto& one : plan.look(alive, beginning + now)) asked.push_back(one.pid);
    return asked;
  }
};

TEST(graceful_stop, asks_main_containers_at_once_and_then_sidecars_from_the_last_started_on) {
  a_stop stop;
  EXPECT_THAT(stop.at(milliseconds(0)), ElementsAre(20, 21));
  stop.ends(20);
  EXPECT_THAT(stop.at(milliseconds(100)), IsEmpty());
  stop.ends(21);
  EXPECT_THAT(stop.at(milliseconds(200)), ElementsAre(11));
  stop.ends(11);
  EXPECT_THAT(stop.at(milliseconds(300)), ElementsAre(10));
  EXPECT_FALSE(stop.plan.over());
  stop.ends(10);
  EXPECT_THAT(stop.at(milliseconds(400)), IsEmpty());
  EXPECT_TRUE(stop.plan.over());
}

TEST(graceful_stop, asks_the_wedged_container_first_and_alone_and_goes_on_when_it_has_ended) {
  a_stop stop("front");
  EXPECT_THAT(stop.at(milliseconds(0)), ElementsAre(21));
  EXPECT_THAT(stop.at(milliseconds(900)), IsEmpty());
  stop.ends(21);
  EXPECT_THAT(stop.at(milliseconds(950)), ElementsAre(20));
}

TEST(graceful_stop, does_not_wait_for_the_wedged_container_beyond_its_own_time) {
  a_stop stop("engine");
  EXPECT_THAT(stop.at(milliseconds(0)), ElementsAre(20));
  EXPECT_THAT(stop.at(milliseconds(999)), IsEmpty());
  EXPECT_THAT(stop.at(milliseconds(1000)), ElementsAre(21));
  stop.ends(21);
  stop.ends(11);
  stop.ends(10);
  EXPECT_THAT(stop.at(milliseconds(1100)), IsEmpty());
  EXPECT_TRUE(stop.plan.over()) << "the wedged one lives, and is the kubelet's from now on";
}

TEST(graceful_stop, of_nothing_but_the_wedged_container_with_no_time_for_it_is_over_at_once) {
  a_stop stop("engine", {}, {.timeout = seconds(5), .wedged_timeout = {}});
  stop.alive = {life_of("engine", 20)};
  EXPECT_THAT(stop.at(milliseconds(0)), ElementsAre(20));
  EXPECT_TRUE(stop.plan.over());
}

TEST(graceful_stop, ends_at_its_timeout_whoever_is_left) {
  a_stop stop;
  EXPECT_THAT(stop.at(milliseconds(0)), ElementsAre(20, 21));
  EXPECT_THAT(stop.at(milliseconds(4999)), IsEmpty());
  EXPECT_FALSE(stop.plan.over());
  EXPECT_THAT(stop.at(milliseconds(5000)), IsEmpty());
  EXPECT_TRUE(stop.plan.over());
  EXPECT_THAT(stop.at(milliseconds(6000)), IsEmpty());
}

TEST(graceful_stop, asks_the_second_life_of_a_container_too_and_does_not_wait_for_it) {
  a_stop stop;
  stop.at(milliseconds(0));
  stop.ends(20);
  stop.alive.push_back(life_of("engine", 30));
  EXPECT_THAT(stop.at(milliseconds(700)), ElementsAre(30));
  stop.ends(21);
  EXPECT_THAT(stop.at(milliseconds(800)), ElementsAre(11)) << "the sidecars' turn, though 30 lives";
}

TEST(graceful_stop, leaves_sidecars_alone_while_a_main_container_lives_that_may_not_be_asked) {
  a_stop stop;
  stop.of(21).may_be_asked = false;
  EXPECT_THAT(stop.at(milliseconds(0)), ElementsAre(20));
  stop.ends(20);
  EXPECT_THAT(stop.at(milliseconds(100)), IsEmpty());
  EXPECT_TRUE(stop.plan.over());
}

TEST(graceful_stop, passes_over_a_sidecar_that_may_not_be_asked) {
  a_stop stop;
  stop.of(11).may_be_asked = false;
  stop.at(milliseconds(0));
  stop.ends(20);
  stop.ends(21);
  EXPECT_THAT(stop.at(milliseconds(100)), ElementsAre(10));
}

TEST(graceful_stop, of_a_pod_with_no_living_process_is_over_at_once) {
  a_stop stop("engine");
  stop.alive.clear();
  EXPECT_THAT(stop.at(milliseconds(0)), IsEmpty());
  EXPECT_TRUE(stop.plan.over());
}

/// Containers that end soon, late or never, and a kubelet that starts them anew: whatever comes, no life is asked
/// twice, none that may not be, none before its turn, and all within the time.
TEST(graceful_stop, keeps_its_promises_in_random_pods) {
  std::mt19937 random(std::random_device{}());
  const auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  for (int world = 0; world < 2000; ++world) {
    const graceful_stop_rules use{.timeout = milliseconds(up_to(6000)), .wedged_timeout = milliseconds(up_to(2000))};
    const auto wedged = up_to(1) == 0 ? std::optional<std::string>("engine") : std::nullopt;
    a_stop stop(wedged, {"proxy", "shipper"}, use);
    for (auto& one : stop.alive) one.may_be_asked = up_to(4) != 0;
    std::map<pid_t, milliseconds> ends;
    std::vector<pid_t> asked;
    lives again;
    pid_t next_pid = 100;
    milliseconds now{0};
    for (; !stop.plan.over() && now <= use.timeout + milliseconds(100); now += milliseconds(50)) {
      for (const auto& [pid, when] : ends) {
        const auto one =
            std::find_if(stop.alive.begin(), stop.alive.end(), [&, p = pid](auto& l) { return l.pid == p; });
        if (one == stop.alive.end() || when > now) continue;
        again.push_back(life_of(one->container, next_pid++));
        stop.ends(pid);
      }
      if (!again.empty() && up_to(9) == 0) {
        stop.alive.push_back(again.back());
        again.pop_back();
      }
      const lives before = stop.alive;
      for (const pid_t pid : stop.at(now)) {
        const auto& one = stop.of(pid);
        ASSERT_TRUE(one.may_be_asked);
        ASSERT_THAT(asked, testing::Not(testing::Contains(pid)));
        asked.push_back(pid);
        if (up_to(3) != 0) ends[pid] = now + milliseconds(up_to(3000));
        for (const auto& other : before) {
          const bool is_wedged = wedged == other.container;
          const bool asked_before_main = one.container == "proxy" || one.container == "shipper";
          ASSERT_FALSE(asked_before_main && (other.pid == 20 || other.pid == 21) && !(is_wedged && other.may_be_asked))
              << one.container << " was asked while " << other.container << " lived";
        }
        if (one.container == "proxy") {
          for (const auto& other : before)
            ASSERT_FALSE(other.pid == 11 && other.may_be_asked) << "proxy before shipper";
        }
      }
    }
    ASSERT_TRUE(stop.plan.over());
  }
}

}  // namespace
}  // namespace podmedic::policy
