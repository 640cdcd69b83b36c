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
    EXPECT_EQ(rules.graceful_stop.timeout, 0s);
    EXPECT_EQ(read.in_flight, std::nullopt);
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
drain:
  timeoutSeconds: 45
  settleSeconds: 1.5
  inFlight: {ports: [8443, 8001], metric: {url: "http://127.0.0.1:8000/metrics", gauge: 'running{model="a"}'}}
gracefulStop: {timeoutSeconds: 20, wedgedTimeoutSeconds: 0.5}
success: {stableSeconds: 90, metrics: [{port: 8000, metric: 'errors{code="500"}', per: requests, atMost: 0.01}]}
escalation: Hold
fallback: Observe
hold: Unready
windows: ["Mon 02:00-05:00", "Sun 22:00-03:00"]
onApiUnavailable: Proceed
shutdownGraceSeconds: 120
startupBarrier: {maxSeconds: 45}
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
  ASSERT_TRUE(read.in_flight);
  EXPECT_EQ(read.in_flight->url, "http://127.0.0.1:8000/metrics");
  EXPECT_EQ(read.in_flight->gauge.to_text(), "running{model=\"a\"}");
  EXPECT_EQ(rules.graceful_stop.timeout, 20s);
  EXPECT_EQ(rules.graceful_stop.wedged_timeout, 500ms);
  EXPECT_EQ(rules.success.stable, 90s);
  EXPECT_THAT(rules.success.metrics, ElementsAre("errors{code=\"500\"} / requests"));
  ASSERT_EQ(read.success_metrics.size(), 1U);
  EXPECT_EQ(read.success_metrics[0].request.url, "http://127.0.0.1:8000/metrics");
  EXPECT_EQ(read.success_metrics[0].at_most, 0.01);
  EXPECT_EQ(read.success_metrics[0].at_least, std::nullopt);
  EXPECT_EQ(rules.hold, policy::holding::unready);
  EXPECT_THAT(rules.windows, ElementsAre(window{120, 300}, window{6 * 1440 + 22 * 60, 180}));
  EXPECT_EQ(rules.api_unavailable, policy::on_api_unavailable::proceed);
  EXPECT_EQ(rules.closing_grace, 120s);
  EXPECT_EQ(rules.startup_maximum, 45s);
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
      {"drain: {inFlight: {metric: {url: \"http://127.0.0.1/m\"}}}", 1, 28, "drain.inFlight.metric.gauge",
       "is required"},
      {"drain: {inFlight: {metric: {url: \"ftp://x\", gauge: a}}}", 1, 34, "drain.inFlight.metric.url",
       "expected http://"},
      {"drain: {inFlight: {metric: {url: \"http://x/\", gauge: \"a b\"}}}", 1, 54, "drain.inFlight.metric.gauge",
       "expected a metric"},
      {"gracefulStop: {timeoutSeconds: 601}", 1, 32, "gracefulStop.timeoutSeconds", "must be from 0 to 600"},
      {"gracefulStop: {timeoutSeconds: 2, wedgedTimeoutSeconds: 3}", 1, 57, "gracefulStop.wedgedTimeoutSeconds",
       "is longer than timeoutSeconds"},
      {"success: {stableSeconds: x}", 1, 26, "success.stableSeconds", "expected a number of seconds"},
      {"shutdownGraceSeconds: 3601", 1, 23, "shutdownGraceSeconds", "must be from 0 to 3600"},
      {"hold: Ready", 1, 7, "hold", "expected one of InService, Unready"},
      {"onApiUnavailable: wait", 1, 19, "onApiUnavailable", "did you mean Wait?"},
      {"escalation: Restart", 1, 13, "escalation", "expected one of Hold, RestartAllContainers, Evict"},
      {"fallback: Signal", 1, 11, "fallback", "expected one of Observe, SignalAll, Evict"},
      {"windows: \"Mon 02:00-05:00\"", 1, 10, "windows", "expected a list of texts"},
      {"windows: [\"Mon 02:00-05:00\", \"Mon\"]", 1, 30, "windows[1]", "expected days and times in UTC"},
      // Unknown fields, with the nearest.
      {"budgt: {restarts: 1}", 1, 1, "budgt", "did you mean budget?"},
      {"budget: {restart: 1}", 1, 10, "budget.restart", "did you mean restarts?"},
      {"drain: {inFlight: {port: 1}}", 1, 20, "drain.inFlight.port", "did you mean ports?"},
      {"backOff: {baseSeconds: 1}", 1, 1, "backOff", "did you mean backoff?"},
      {"fleet: {service: Engine}", 1, 18, "fleet.service", "a name of lower case letters, digits"},
      {"success: {metrics: [{port: 1, metric: a}]}", 1, 21, "success.metrics[0]", "expected atMost, atLeast, or both"},
      {"success: {metrics: [{port: 1, metric: a, atMost: 1, atLeast: 2}]}", 1, 50, "success.metrics[0].atMost",
       "is less than atLeast"},
      {"success: {metrics: [{port: 1, metric: \"a b\", atMost: 1}]}", 1, 39, "success.metrics[0].metric",
       "expected a metric"},
      {"success: {metrics: [{port: 1, metric: a, per: \"{}\", atMost: 1}]}", 1, 47, "success.metrics[0].per",
       "expected a metric"},
      {"success: {metrics: [{port: 1, metric: a, atMost: much}]}", 1, 50, "success.metrics[0].atMost",
       "expected a number"},
      {"success: {metrics: [{port: 1, metric: a, atMost: 1}, {port: 2, metric: a, atMost: 1}]}", 1, 72,
       "success.metrics[1].metric", "given twice"},
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

TEST(policy_annotation, that_names_the_fleet_asks_for_turns) {
  const configuration read =
      parse_policy("fleet: {maxUnavailable: 3, minAvailable: 2, service: a, workload: engine-a, coolDownSeconds: 5}");
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  const policy::fleet_rules& fleet = read.rules.fleet;
  EXPECT_TRUE(fleet.asked_for);
  EXPECT_EQ(fleet.max_unavailable, 3);
  EXPECT_EQ(fleet.min_available, 2);
  EXPECT_EQ(fleet.service, "a");
  EXPECT_EQ(fleet.workload, "engine-a");
  EXPECT_EQ(fleet.cool_down, 5s);
  EXPECT_TRUE(parse_policy("fleet: {}").rules.fleet.asked_for);
  EXPECT_FALSE(parse_policy("hold: Unready").rules.fleet.asked_for);
}

TEST(policy_annotation, says_how_far_to_climb_and_what_to_do_without_the_kubelet_s_help) {
  using policy::escalation;
  using policy::fallback;
  EXPECT_EQ(parse_policy("escalation: Evict").rules.escalate, escalation::evict);
  EXPECT_EQ(parse_policy("escalation: RestartAllContainers").rules.escalate, escalation::restart_all_containers);
  EXPECT_EQ(parse_policy("fallback: SignalAll").rules.without_support, fallback::signal_all);
  EXPECT_EQ(parse_policy("fallback: Evict").rules.without_support, fallback::evict);
}

TEST(policy_annotation, tells_all_mistakes_of_the_fleet_at_once) {
  EXPECT_THAT(texts_of(parse_policy("fleet: {maxUnavailable: 0, servic: a}").found),
              ElementsAre(HasSubstr("fleet.maxUnavailable: must be from 1"), HasSubstr("did you mean service?")));
}

TEST(policy_annotation, whose_base_is_above_its_cap_keeps_both_defaults) {
  const configuration read = parse_policy("backoff: {baseSeconds: 100, capSeconds: 50}");
  EXPECT_EQ(read.found.size(), 1U);
  EXPECT_EQ(read.rules.back_off.base, 10s);
  EXPECT_EQ(read.rules.back_off.cap, 600s);
}

TEST(policy_annotation, whose_windows_cannot_be_known_is_never_open) {
  for (const std::string value : {
           "windows: [\"Mon\"]",                                   // no time
           "windows: [\"Mon 02:00-05:00\", \"Tus 02:00-05:00\"]",  // one of two
           "windows: Mon 02:00-05:00",                             // no list
           "windows: [{a: b}]",                                    // no text
           "windows: ",                                            // no value
           "window: [\"Mon 02:00-05:00\"]",                        // misspelt
           "windows: [\"Mon 02:00-05:00\"",                        // the whole policy does not parse
           "- windows",                                            //
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
  EXPECT_NE(fixed("fleet: {workload: a}"), none);
  EXPECT_NE(fixed("fleet: {workload: a}"), fixed("fleet: {service: a}"));
  EXPECT_NE(fixed("windows: [\"Mon 02:00-05:00\"]"), fixed("windows: [\"Mon 02:00-05:01\"]"));
}

}  // namespace
}  // namespace podmedic::config
