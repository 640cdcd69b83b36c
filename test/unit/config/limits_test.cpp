#include "supervisor/config/limits.hpp"

#include <gmock/gmock.h>

namespace podmedic::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const annotations asks_for_much{
    {"podmedic.io/mode", "Enforce"},
    {"podmedic.io/policy",
     "{budget: {restarts: 50, windowSeconds: 600}, backoff: {baseSeconds: 1, capSeconds: 30}, escalation: Evict, "
     "fallback: SignalAll}"},
    {"probe.podmedic.io/a", "{tcpSocket: {port: 1}, onFailure: RestartAllContainers}"},
    {"probe.podmedic.io/b", "{tcpSocket: {port: 2}, onFailure: Drain}"}};

std::vector<std::string> complaints(const configuration& about) {
  std::vector<std::string> all;
  for (const mistake& each : about.found) all.push_back(each.to_text());
  return all;
}

TEST(limits, leave_what_they_do_not_name) {
  for (const char* none : {"", "\n", "{}"}) {
    const configuration read = parse_within(none, asks_for_much);
    EXPECT_THAT(read.found, IsEmpty()) << none;
    EXPECT_EQ(read.rules.budget.restarts, 50);
    EXPECT_EQ(read.rules.in_mode, policy::mode::enforce);
    EXPECT_EQ(read.rules.escalate, policy::escalation::evict);
  }
}

TEST(limits, hold_in_the_place_of_what_asks_for_more_and_say_so) {
  const configuration read = parse_within(
      "budget: {restarts: 3, windowSeconds: 3600}\nbackoff: {baseSeconds: 10, capSeconds: 600}\nescalation: "
      "RestartAllContainers\nfallback: Observe\nactions: [RestartContainer, Drain]\n",
      asks_for_much);
  EXPECT_EQ(read.rules.budget.restarts, 3);
  EXPECT_EQ(read.rules.budget.window, 3600s);
  EXPECT_EQ(read.rules.back_off.base, 10s);
  EXPECT_EQ(read.rules.back_off.cap, 600s);
  EXPECT_EQ(read.rules.escalate, policy::escalation::restart_all_containers);
  EXPECT_EQ(read.rules.without_support, policy::fallback::observe);
  EXPECT_EQ(read.rules.probes[0].on_failure, policy::remedy::observe);
  EXPECT_EQ(read.rules.probes[1].on_failure, policy::remedy::drain);
  EXPECT_EQ(read.found.size(), 7u);
  EXPECT_THAT(complaints(read),
              testing::Contains("podmedic.io/policy, budget.restarts: 50 is beyond what the administrator "
                                "allows (PODMEDIC_LIMITS); 3 holds"));
}

TEST(limits, take_a_mode_down) {
  const configuration read = parse_within("mode: Observe", asks_for_much);
  EXPECT_EQ(read.rules.in_mode, policy::mode::observe);
  EXPECT_THAT(complaints(read), ElementsAre(HasSubstr("podmedic.io/mode: Enforce is beyond")));
}

TEST(limits, never_raise_what_an_annotation_says) {
  const annotations little{{"podmedic.io/policy", "{budget: {restarts: 2}, backoff: {capSeconds: 900}}"}};
  const configuration read = parse_within("{mode: Enforce, budget: {restarts: 3}, backoff: {capSeconds: 600}}", little);
  EXPECT_EQ(read.rules.budget.restarts, 2);
  EXPECT_EQ(read.rules.back_off.cap, 900s);
  EXPECT_EQ(read.rules.in_mode, policy::mode::observe);
  EXPECT_THAT(read.found, IsEmpty());
}

TEST(limits, cut_a_default_without_a_word) {
  const configuration read = parse_within("budget: {restarts: 3}", {{"podmedic.io/mode", "Enforce"}});
  EXPECT_EQ(read.rules.budget.restarts, 3);
  EXPECT_THAT(read.found, IsEmpty());
}

TEST(limits, cut_what_a_preset_asks_for) {
  const configuration read = parse_within("actions: [Observe]", {{"podmedic.io/preset", "vllm"}});
  ASSERT_FALSE(read.rules.probes.empty());
  for (const policy::probe_rules& each : read.rules.probes) EXPECT_EQ(each.on_failure, policy::remedy::observe);
}

TEST(limits, with_a_mistake_mean_observe) {
  for (const char* wrong : {"budget: {restart: 3}", "budget: 3", "actions: [Restart]", "mode: enforce?", "a", "- b",
                            "budget: {restarts: 0}"}) {
    const configuration read = parse_within(wrong, asks_for_much);
    EXPECT_EQ(read.rules.in_mode, policy::mode::observe) << wrong;
    EXPECT_THAT(complaints(read), testing::Contains(HasSubstr("PODMEDIC_LIMITS"))) << wrong;
  }
}

TEST(limits, bound_live_edits_too) {
  const std::string limits = "budget: {restarts: 3}";
  const configuration first = parse_within(limits, asks_for_much);
  annotations more = asks_for_much;
  more["podmedic.io/policy"] = "{budget: {restarts: 64}}";
  EXPECT_EQ(admit_live_edit(first, first, parse_within(limits, more)).use.rules.budget.restarts, 3);
  more["podmedic.io/policy"] = "{budget: {restarts: 1}}";
  EXPECT_EQ(admit_live_edit(first, first, parse_within(limits, more)).use.rules.budget.restarts, 1);
}

TEST(limits, say_which_fields_they_cut) {
  configuration read = parse(asks_for_much);
  const std::vector<cut> made = keep_within("{budget: {restarts: 3}, actions: [Drain]}", read);
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].annotation + ' ' + made[0].field + ' ' + made[0].value, "podmedic.io/policy budget.restarts 3");
  EXPECT_EQ(made[1].annotation + ' ' + made[1].field + ' ' + made[1].value, "probe.podmedic.io/a onFailure Observe");
}

}  // namespace
}  // namespace podmedic::config
