#include "supervisor/rehearsal/restart_semantics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmedic::rehearsal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using phase = container_state::phase;

constexpr instant now{1'000'000ms};

container_manifest container(role as, restart_policy restarts = restart_policy::always) {
  container_manifest made;
  made.as = as;
  made.restarts = restarts;
  return made;
}

container_state completed() {
  return {.in = phase::ended, .restarts = false};
}
container_state started(bool ready = true) {
  return {.in = phase::running, .started = true, .ready = ready};
}
container_state starting() {
  return {.in = phase::running};
}
container_state crashed(instant not_before = now) {
  return {.in = phase::ended, .exit_code = 1, .not_before = not_before};
}

TEST(crash_back_off, is_none_at_first_then_ten_seconds_and_doubles_up_to_five_minutes) {
  crash_back_off back_off;
  std::vector<long> waits;
  for (instant at = now; waits.size() < 8; at += 1s) waits.push_back((back_off.ended(at) - at) / 1s);
  EXPECT_THAT(waits, ElementsAre(0, 10, 20, 40, 80, 160, 300, 300));
}

TEST(crash_back_off, is_forgotten_when_ten_minutes_lie_between_two_ends) {
  crash_back_off back_off;
  back_off.ended(now);
  back_off.ended(now + 1s);
  EXPECT_EQ(back_off.ended(now + 1s + 601s), now + 602s);
}

TEST(what_to_start, goes_through_init_containers_and_sidecars_in_their_order) {
  const std::vector pod{container(role::init, restart_policy::on_failure), container(role::sidecar),
                        container(role::init, restart_policy::on_failure), container(role::regular),
                        container(role::regular)};
  const container_state waiting;
  struct {
    const char* what;
    std::vector<container_state> states;
    std::vector<std::size_t> expected;
  } const table[] = {
      {"at first, the first one", {waiting, waiting, waiting, waiting, waiting}, {0}},
      {"nothing while it runs", {started(), waiting, waiting, waiting, waiting}, {}},
      {"the sidecar when it has completed", {completed(), waiting, waiting, waiting, waiting}, {1}},
      {"nothing until the sidecar's startupProbe passes", {completed(), starting(), waiting, waiting, waiting}, {}},
      {"then what follows; its readiness does not matter",
       {completed(), started(false), waiting, waiting, waiting},
       {2}},
      {"a failed init container again", {completed(), started(), crashed(), waiting, waiting}, {2}},
      {"all regular ones at once", {completed(), started(), completed(), waiting, waiting}, {3, 4}},
  };
  for (const auto& row : table) EXPECT_EQ(what_to_start(pod, row.states, false, now).now, row.expected) << row.what;
}

TEST(what_to_start, a_sidecar_that_is_down_holds_nothing_back_once_the_pod_was_initialized) {
  const std::vector pod{container(role::sidecar), container(role::regular)};
  const next_starts next = what_to_start(pod, {crashed(now + 5s), crashed()}, true, now);
  EXPECT_THAT(next.now, ElementsAre(1u));
  EXPECT_EQ(next.wake, now + 5s);
}

TEST(what_to_start, a_completed_init_container_does_not_run_again) {
  const std::vector pod{container(role::init, restart_policy::on_failure), container(role::regular)};
  EXPECT_THAT(what_to_start(pod, {completed(), crashed()}, true, now).now, ElementsAre(1u));
}

TEST(what_to_start, what_must_stay_ended_stays_ended) {
  const std::vector pod{container(role::regular, restart_policy::never)};
  EXPECT_THAT(what_to_start(pod, {completed()}, true, now).now, IsEmpty());
}

TEST(after, rules_come_before_the_policy_but_not_after_a_liveness_kill) {
  container_manifest sidecar = container(role::sidecar);
  sidecar.rules = {{restart_rule::action::restart, true, {3}},
                   {restart_rule::action::restart_all_containers, false, {0, 1}}};
  EXPECT_EQ(after(sidecar, 3, false), after_end::restart);                  // the first rule that matches
  EXPECT_EQ(after(sidecar, 88, false), after_end::restart_all_containers);  // NotIn
  EXPECT_EQ(after(sidecar, 1, false), after_end::restart);                  // no rule: the policy
  EXPECT_EQ(after(sidecar, 88, true), after_end::restart);
}

TEST(after, the_policy_decides_by_the_exit_code) {
  EXPECT_EQ(after(container(role::regular), 0, false), after_end::restart);
  EXPECT_EQ(after(container(role::regular, restart_policy::on_failure), 0, false), after_end::stay_ended);
  EXPECT_EQ(after(container(role::regular, restart_policy::on_failure), 137, false), after_end::restart);
  EXPECT_EQ(after(container(role::regular, restart_policy::never), 1, false), after_end::stay_ended);
}

TEST(pod_ready, needs_init_containers_completed_and_sidecars_and_regular_containers_ready) {
  const std::vector pod{container(role::init), container(role::sidecar), container(role::regular)};
  EXPECT_TRUE(pod_ready(pod, {completed(), started(), started()}));
  EXPECT_FALSE(pod_ready(pod, {started(), started(), started()}));
  EXPECT_FALSE(pod_ready(pod, {completed(), started(false), started()}));
  EXPECT_FALSE(pod_ready(pod, {completed(), started(), crashed()}));
}

}  // namespace
}  // namespace podmedic::rehearsal
