#include "small_kinds.hpp"
#include "supervisor/config/windows.hpp"

#include <gmock/gmock.h>

namespace podmedic::config {
namespace {

using namespace std::chrono_literals;
using policy::window;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string policy_annotation = "podmedic.io/policy";

TEST(policy_annotation, is_all_defaults_where_it_is_absent_or_empty) {
  for (const configuration& read : {parse_small({}), parse_policy("{}")}) {
    EXPECT_THAT(texts_of(read.found), IsEmpty());
    const policy::rules& rules = read.rules;
    EXPECT_EQ(rules.in_mode, policy::mode::observe);
    EXPECT_EQ(rules.back_off.base, 10s);
    EXPECT_EQ(rules.back_off.cap, 600s);
    EXPECT_EQ(rules.budget.restarts, 5);
    EXPECT_EQ(rules.budget.window, 3600s);
    EXPECT_EQ(rules.warm_up.maximum, 900s);
    EXPECT_TRUE(rules.warm_up.learn);
    EXPECT_EQ(rules.drain.timeout, 30s);
    EXPECT_EQ(rules.drain.settle, 2s);
    EXPECT_THAT(rules.drain.in_flight_ports, IsEmpty());
    EXPECT_EQ(rules.success.stable, 60s);
    EXPECT_EQ(rules.escalate, policy::escalation::hold);
    EXPECT_EQ(rules.without_support, policy::fallback::observe);
    EXPECT_EQ(rules.hold, policy::holding::in_service);
    EXPECT_THAT(rules.windows, IsEmpty());
    EXPECT_EQ(rules.api_unavailable, policy::on_api_unavailable::wait);
    EXPECT_EQ(rules.closing_grace, 30s);
  }
}

TEST(policy_annotation, takes_every_field_of_this_version) {
  const configuration read = parse_policy(R"(
backoff: {baseSeconds: 20, capSeconds: 1200}
budget: {restarts: 2, windowSeconds: 7200}
warmUp: {maxSeconds: 60, learn: false}
drain: {timeoutSeconds: 45, settleSeconds: 1.5, inFlight: {ports: [8443, 8001]}}
success: {stableSeconds: 90, metrics: []}
escalation: Hold
fallback: Observe
hold: Unready
windows: ["Mon 02:00-05:00", "Sun 22:00-03:00"]
onApiUnavailable: Proceed
shutdownGraceSeconds: 120
)");
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  const policy::rules& rules = read.rules;
  EXPECT_EQ(rules.back_off.base, 20s);
  EXPECT_EQ(rules.back_off.cap, 1200s);
  EXPECT_EQ(rules.budget.restarts, 2);
  EXPECT_EQ(rules.budget.window, 7200s);
  EXPECT_EQ(rules.warm_up.maximum, 60s);
  EXPECT_FALSE(rules.warm_up.learn);
  EXPECT_EQ(rules.drain.timeout, 45s);
  EXPECT_EQ(rules.drain.settle, 1500ms);
  EXPECT_THAT(rules.drain.in_flight_ports, ElementsAre(8001, 8443));
  EXPECT_EQ(rules.success.stable, 90s);
  EXPECT_EQ(rules.hold, policy::holding::unready);
  EXPECT_THAT(rules.windows, ElementsAre(window{120, 300}, window{6 * 1440 + 22 * 60, 180}));
  EXPECT_EQ(rules.api_unavailable, policy::on_api_unavailable::proceed);
  EXPECT_EQ(rules.closing_grace, 120s);
}

TEST(policy_annotation, names_every_mistake_exactly) {
  const mistake_row rows[] = {
      // Impossible values.
      {"backoff: {baseSeconds: 0}", 1, 24, "backoff.baseSeconds", "must be from 1 to 86400, found 0"},
      {"backoff: {baseSeconds: 601}", 1, 24, "backoff.baseSeconds", "baseSeconds is larger than capSeconds"},
      {"backoff: {capSeconds: 9}", 1, 23, "backoff.capSeconds", "baseSeconds is larger than capSeconds"},
      {"budget: {restarts: 0}", 1, 20, "budget.restarts", "say podmedic.io/mode: Observe"},
      {"budget: {restarts: 65}", 1, 20, "budget.restarts", "must be from 0 to 64"},
      {"budget: {restarts: -1}", 1, 20, "budget.restarts", "must be from 0 to 64"},
      {"budget: {windowSeconds: 0}", 1, 25, "budget.windowSeconds", "must be from 60 to 2592000, found 0"},
      {"budget: {windowSeconds: -5}", 1, 25, "budget.windowSeconds", "must be from 60"},
      {"budget: {windowSeconds: 1h}", 1, 25, "budget.windowSeconds", "without a unit"},
      {"warmUp: {learn: maybe}", 1, 17, "warmUp.learn", "expected true or false"},
      {"warmUp: {maxSeconds: -1}", 1, 22, "warmUp.maxSeconds", "must be from 0"},
      {"drain: {timeoutSeconds: 3601}", 1, 25, "drain.timeoutSeconds", "must be from 0 to 3600"},
      {"drain: {timeoutSeconds: 5, settleSeconds: 6}", 1, 43, "drain.settleSeconds", "is longer than timeoutSeconds"},
      {"drain: {inFlight: {ports: [1, 2, 1]}}", 1, 34, "drain.inFlight.ports[2]", "given twice"},
      {"drain: {inFlight: {ports: [0]}}", 1, 28, "drain.inFlight.ports[0]", "must be from 1 to 65535"},
      {"drain: {inFlight: [8001]}", 1, 19, "drain.inFlight", "expected a mapping, found a list"},
      {"success: {stableSeconds: x}", 1, 26, "success.stableSeconds", "expected a number of seconds"},
      {"shutdownGraceSeconds: 3601", 1, 23, "shutdownGraceSeconds", "must be from 0 to 3600"},
      {"hold: Ready", 1, 7, "hold", "expected one of InService, Unready"},
      {"onApiUnavailable: wait", 1, 19, "onApiUnavailable", "did you mean Wait?"},
      {"escalation: Restart", 1, 13, "escalation", "expected one of Hold, Evict"},
      {"fallback: Signal", 1, 11, "fallback", "expected one of Observe, SignalAll, Evict"},
      {"windows: \"Mon 02:00-05:00\"", 1, 10, "windows", "expected a list of texts"},
      {"windows: [\"Mon 02:00-05:00\", \"Mon\"]", 1, 30, "windows[1]", "expected days and times in UTC"},
      // Unknown fields, with the nearest.
      {"budgt: {restarts: 1}", 1, 1, "budgt", "did you mean budget?"},
      {"budget: {restart: 1}", 1, 10, "budget.restart", "did you mean restarts?"},
      {"drain: {inFlight: {port: 1}}", 1, 20, "drain.inFlight.port", "did you mean ports?"},
      {"backOff: {baseSeconds: 1}", 1, 1, "backOff", "did you mean backoff?"},
      // Not in this version: refused by name, never ignored.
      {"escalation: Evict", 1, 13, "escalation", "Evict is not in this version; use Hold"},
      {"fallback: SignalAll", 1, 11, "fallback", "SignalAll is not in this version; use Observe"},
      {"fallback: Evict", 1, 11, "fallback", "Evict is not in this version; use Observe"},
      {"fleet: {maxUnavailable: 1}", 1, 8, "fleet",
       "fleet turns are not in this version; without them podmedic promises no floor of available replicas"},
      {"fleet: {}", 1, 8, "fleet", "fleet turns are not in this version"},
      {"success: {metrics: [{name: a}]}", 1, 20, "success.metrics", "metric bounds are not in this version"},
      // The whole.
      {"", 0, 0, "", "is empty"},
      {"[]", 1, 1, "", "expected a mapping"},
  };
  for (const mistake_row& row : rows) expect_only(parse_policy(row.value).found, policy_annotation, row);
}

TEST(policy_annotation, with_a_mistake_keeps_the_default_of_that_field_alone) {
  const configuration read =
      parse_policy("{budget: {restarts: x, windowSeconds: 60}, drain: 5, shutdownGraceSeconds: 7}");
  EXPECT_EQ(read.found.size(), 2U);
  EXPECT_EQ(read.rules.budget.restarts, 5);
  EXPECT_EQ(read.rules.budget.window, 60s);
  EXPECT_EQ(read.rules.drain.timeout, 30s);
  EXPECT_EQ(read.rules.closing_grace, 7s);
}

TEST(policy_annotation, that_asks_for_what_is_not_there_keeps_the_default) {
  const configuration read =
      parse_policy("{escalation: Evict, fallback: SignalAll, fleet: {maxUnavailable: 3, service: a}}");
  EXPECT_EQ(read.found.size(), 3U);
  EXPECT_EQ(read.rules.escalate, policy::escalation::hold);
  EXPECT_EQ(read.rules.without_support, policy::fallback::observe);
  EXPECT_EQ(read.rules.fleet, policy::fleet_rules());
}

TEST(policy_annotation, tells_the_mistakes_inside_of_what_is_not_there) {
  EXPECT_THAT(texts_of(parse_policy("fleet: {maxUnavailable: 0, servic: a}").found),
              ElementsAre(HasSubstr("fleet.maxUnavailable: must be from 1"), HasSubstr("did you mean service?"),
                          HasSubstr("fleet: fleet turns")));
}

TEST(policy_annotation, whose_base_is_above_its_cap_keeps_both_defaults) {
  const configuration read = parse_policy("backoff: {baseSeconds: 100, capSeconds: 50}");
  EXPECT_EQ(read.found.size(), 1U);
  EXPECT_EQ(read.rules.back_off.base, 10s);
  EXPECT_EQ(read.rules.back_off.cap, 600s);
}

TEST(policy_annotation, whose_windows_cannot_be_known_is_never_open) {
  for (const std::string value : {
           "windows: [\"Mon\"]",                        // no time
           "windows: [\"Mon 02:00-05:00\", \"Tus 02:00-05:00\"]",  // one of two
           "windows: Mon 02:00-05:00",                  // no list
           "windows: [{a: b}]",                         // no text
           "windows: ",                                 // no value
           "window: [\"Mon 02:00-05:00\"]",             // misspelt
           "windows: [\"Mon 02:00-05:00\"",             // the whole policy does not parse
           "- windows",                                 //
       }) {
    EXPECT_THAT(parse_policy(value).rules.windows, ElementsAre(never)) << value;
  }
  EXPECT_THAT(parse_policy("windows: []").rules.windows, IsEmpty());
  EXPECT_THAT(parse_policy("budget: {restarts: x}").rules.windows, IsEmpty());
}

TEST(policy_annotation, with_a_budget_of_nothing_allows_nothing) {
  EXPECT_EQ(parse_policy("budget: {restarts: 0}").rules.budget.restarts, 0);
}

TEST(policy_annotation, fixes_windows_escalation_fallback_and_fleet_and_nothing_else) {
  const auto fixed = [](const std::string& value) { return parse_policy(value).fixed.at(policy_annotation); };
  const std::string none = parse_small({}).fixed.at(policy_annotation);
  // Absent and default are the same; what may be relaxed does not count.
  EXPECT_EQ(fixed("{}"), none);
  EXPECT_EQ(fixed("{escalation: Hold, fallback: Observe, windows: []}"), none);
  EXPECT_EQ(fixed("{budget: {restarts: 1}, backoff: {capSeconds: 900}, warmUp: {maxSeconds: 1}, hold: Unready}"), none);
  EXPECT_NE(fixed("windows: [\"Mon 02:00-05:00\"]"), none);
  EXPECT_NE(fixed("windows: [\"Mon 02:00-05:00\"]"), fixed("windows: [\"Mon 02:00-05:01\"]"));
}

}  // namespace
}  // namespace podmedic::config
