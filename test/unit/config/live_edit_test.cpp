#include "small_kinds.hpp"
#include "supervisor/config/windows.hpp"

#include <gmock/gmock.h>

namespace podmedic::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string engine = "probe.podmedic.io/engine";
const std::string hook = "hook.podmedic.io/10-x";
const std::string policy_annotation = "podmedic.io/policy";

/// A running Pod whose annotations are edited one time after the other.
struct pod {
  configuration first;
  configuration current;
  std::vector<std::string> refused;  ///< of the last edit

  explicit pod(const annotations& begin) : first(parse_small(begin)), current(first) {}
  void edit(const annotations& changed) {
    admitted result = admit_live_edit(first, current, parse_small(changed));
    current = std::move(result.use);
    refused = texts_of(result.refused);
  }
  policy::probe_rules rules_of_engine() const { return current.rules.probes.at(0); }
};

/// One field with its first value, one that does less, and one that does more.
struct field_row {
  std::string annotation;
  std::string before;  ///< of the value in the text
  std::string first;
  std::string less;
  std::string more;
  std::string after;
  std::string field;  ///< as a refusal names it
  std::function<std::string(const configuration&)> read;
};

std::string probe_text(const std::string& rest) {
  return "{near: {port: 1}, " + rest;
}
std::string of(milliseconds value) {
  return std::to_string(value.count());
}

std::vector<field_row> relaxable() {
  using c = configuration;
  const std::string begin = probe_text("");
  return {
      {engine, begin + "failureThreshold: ", "3", "4", "2", "}", "failureThreshold",
       [](const c& in) { return std::to_string(in.rules.probes.at(0).failure_threshold); }},
      {engine, begin + "periodSeconds: ", "5", "6", "4", "}", "periodSeconds",
       [](const c& in) { return of(in.probes.at(0).period); }},
      {engine, begin + "timeoutSeconds: ", "2", "2.5", "1.5", "}", "timeoutSeconds",
       [](const c& in) { return of(in.probes.at(0).timeout); }},
      {engine, begin + "initialDelaySeconds: ", "5", "6", "0", "}", "initialDelaySeconds",
       [](const c& in) { return of(in.probes.at(0).initial_delay); }},
      {policy_annotation, "backoff: {baseSeconds: ", "20", "30", "15", "}", "backoff.baseSeconds",
       [](const c& in) { return of(in.rules.back_off.base); }},
      {policy_annotation, "backoff: {capSeconds: ", "700", "800", "650", "}", "backoff.capSeconds",
       [](const c& in) { return of(in.rules.back_off.cap); }},
      {policy_annotation, "budget: {restarts: ", "4", "3", "5", "}", "budget.restarts",
       [](const c& in) { return std::to_string(in.rules.budget.restarts); }},
      {policy_annotation, "budget: {windowSeconds: ", "3600", "7200", "1800", "}", "budget.windowSeconds",
       [](const c& in) { return of(in.rules.budget.window); }},
      {policy_annotation, "warmUp: {maxSeconds: ", "100", "200", "50", "}", "warmUp.maxSeconds",
       [](const c& in) { return of(in.rules.warm_up.maximum); }},
      {policy_annotation, "drain: {timeoutSeconds: ", "40", "50", "30", "}", "drain.timeoutSeconds",
       [](const c& in) { return of(in.rules.drain.timeout); }},
      {policy_annotation, "drain: {settleSeconds: ", "3", "4", "1", "}", "drain.settleSeconds",
       [](const c& in) { return of(in.rules.drain.settle); }},
      {policy_annotation, "drain: {inFlight: {ports: ", "[1, 2]", "[1, 2, 3]", "[1]", "}}", "drain.inFlight.ports",
       [](const c& in) { return testing::PrintToString(in.rules.drain.in_flight_ports); }},
      {policy_annotation, "gracefulStop: {wedgedTimeoutSeconds: 0, timeoutSeconds: ", "5", "0", "6", "}",
       "gracefulStop.timeoutSeconds", [](const c& in) { return of(in.rules.graceful_stop.timeout); }},
      {policy_annotation, "gracefulStop: {timeoutSeconds: 5, wedgedTimeoutSeconds: ", "2", "1", "3", "}",
       "gracefulStop.wedgedTimeoutSeconds", [](const c& in) { return of(in.rules.graceful_stop.wedged_timeout); }},
      {policy_annotation, "success: {stableSeconds: ", "60", "90", "30", "}", "success.stableSeconds",
       [](const c& in) { return of(in.rules.success.stable); }},
      {policy_annotation, "startupBarrier: {maxSeconds: ", "30", "20", "40", "}", "startupBarrier.maxSeconds",
       [](const c& in) { return of(in.rules.startup_maximum); }},
      {policy_annotation, "shutdownGraceSeconds: ", "30", "60", "10", "", "shutdownGraceSeconds",
       [](const c& in) { return of(in.rules.closing_grace); }},
  };
}

TEST(live_edit, relaxes_each_field_and_brings_it_back_and_never_beyond_its_first_value) {
  for (const field_row& row : relaxable()) {
    const auto text = [&](const std::string& value) {
      return annotations{{row.annotation, row.before + value + row.after}};
    };
    const auto read = [&](const std::string& value) { return row.read(parse_small(text(value))); };
    pod running(text(row.first));
    ASSERT_THAT(texts_of(running.first.found), IsEmpty()) << row.field;

    running.edit(text(row.less));
    EXPECT_THAT(running.refused, IsEmpty()) << row.field;
    EXPECT_EQ(row.read(running.current), read(row.less)) << row.field;

    running.edit(text(row.more));  // stays as it is in use, not as it was at first
    EXPECT_THAT(running.refused, ElementsAre(HasSubstr(row.annotation + ", " + row.field + ": may only be ")));
    EXPECT_EQ(row.read(running.current), read(row.less)) << row.field;

    running.edit(text(row.first));
    EXPECT_THAT(running.refused, IsEmpty()) << row.field;
    EXPECT_EQ(row.read(running.current), read(row.first)) << row.field;
  }
}

TEST(live_edit, with_a_mistake_keeps_the_last_good_value) {
  for (const field_row& row : relaxable()) {
    const auto text = [&](const std::string& value) {
      return annotations{{row.annotation, row.before + value + row.after}};
    };
    pod running(text(row.first));
    running.edit(text(row.less));
    const std::string in_use = row.read(running.current);
    std::string misspelt = row.before + row.first + row.after;
    misspelt.replace(misspelt.rfind(':'), 1, "x:");
    for (const annotations& edited : {text("x"), text("~"), annotations{{row.annotation, "{"}},
                                      annotations{{row.annotation, ""}}, annotations{{row.annotation, misspelt}}}) {
      running.edit(edited);
      EXPECT_EQ(row.read(running.current), in_use) << row.field << edited.at(row.annotation);
      EXPECT_THAT(running.refused, IsEmpty()) << "a mistake is in found, and not refused as well";
      EXPECT_EQ(running.current.found.size(), 1U) << edited.at(row.annotation);
    }
  }
}

TEST(live_edit, says_what_may_be_done_and_what_was_asked) {
  pod running(annotations{{engine, probe_text("failureThreshold: 3}")}});
  running.edit({{engine, probe_text("failureThreshold: 1}")}});
  EXPECT_THAT(running.refused, ElementsAre(engine + ", failureThreshold: may only be raised while the Pod lives, from "
                                                    "its first value 3; 1 needs a new Pod"));
}

TEST(live_edit, changes_the_success_threshold_both_ways) {
  pod running(annotations{{engine, probe_text("successThreshold: 2}")}});
  running.edit({{engine, probe_text("successThreshold: 1}")}});
  EXPECT_EQ(running.rules_of_engine().success_threshold, 1);
  running.edit({{engine, probe_text("successThreshold: 5}")}});
  EXPECT_EQ(running.rules_of_engine().success_threshold, 5);
  EXPECT_THAT(running.refused, IsEmpty());
}

TEST(live_edit, keeps_words_in_the_direction_of_less) {
  pod running(annotations{{policy_annotation, "{hold: Unready, onApiUnavailable: Proceed, warmUp: {learn: true}}"},
                          {engine, probe_text("whileWaiting: Unready}")}});
  running.edit({{policy_annotation, "{hold: InService, onApiUnavailable: Wait, warmUp: {learn: false}}"},
                {engine, probe_text("whileWaiting: InService}")}});
  EXPECT_THAT(running.refused, IsEmpty());
  EXPECT_EQ(running.current.rules.hold, policy::holding::in_service);
  EXPECT_EQ(running.current.rules.api_unavailable, policy::on_api_unavailable::wait);
  EXPECT_FALSE(running.current.rules.warm_up.learn);
  EXPECT_EQ(running.rules_of_engine().while_waiting, policy::waiting::in_service);

  pod careful(
      annotations{{policy_annotation, "{warmUp: {learn: false}}"}, {engine, probe_text("whileWaiting: InService}")}});
  careful.edit({{policy_annotation, "{hold: Unready, onApiUnavailable: Proceed}"},
                {engine, probe_text("whileWaiting: Unready}")}});
  EXPECT_EQ(careful.refused.size(), 4U);
  EXPECT_EQ(careful.current.rules.hold, policy::holding::in_service);
  EXPECT_EQ(careful.current.rules.api_unavailable, policy::on_api_unavailable::wait);
  EXPECT_FALSE(careful.current.rules.warm_up.learn);
  EXPECT_EQ(careful.rules_of_engine().while_waiting, policy::waiting::in_service);
}

TEST(live_edit, lowers_the_mode_and_brings_it_back_to_what_it_was) {
  pod running(annotations{{"podmedic.io/mode", "Enforce"}});
  running.edit({});  // removed: the default, Observe
  EXPECT_EQ(running.current.rules.in_mode, policy::mode::observe);
  running.edit({{"podmedic.io/mode", "Enforce"}});
  EXPECT_EQ(running.current.rules.in_mode, policy::mode::enforce);
  EXPECT_THAT(running.refused, IsEmpty());

  pod watching(annotations{{"podmedic.io/mode", "Observe"}});
  watching.edit({{"podmedic.io/mode", "Enforce"}});
  EXPECT_EQ(watching.current.rules.in_mode, policy::mode::observe);
  EXPECT_THAT(watching.refused, ElementsAre(HasSubstr("podmedic.io/mode: may only be lowered")));
}

TEST(live_edit, with_a_mistake_in_mode_or_pause_does_less) {
  pod running(annotations{{"podmedic.io/mode", "Enforce"}});
  running.edit({{"podmedic.io/mode", "Obseve"}});
  EXPECT_EQ(running.current.rules.in_mode, policy::mode::observe);
  running.edit({{"podmedic.io/mode", "Enforce"}, {"podmedic.io/paused-until", "tomorrow"}});
  EXPECT_EQ(running.current.rules.in_mode, policy::mode::enforce);
  EXPECT_EQ(running.current.rules.paused_until, until_mended);
}

TEST(live_edit, sets_and_lifts_a_pause) {
  pod running(annotations{});
  running.edit({{"podmedic.io/paused-until", "2026-12-01T08:00:00Z"}});
  EXPECT_TRUE(running.current.rules.paused_until.has_value());
  running.edit({});
  EXPECT_FALSE(running.current.rules.paused_until.has_value());
  EXPECT_THAT(running.refused, IsEmpty());
}

TEST(live_edit, refuses_another_target_container_or_remedy_and_keeps_the_probe) {
  pod running(annotations{{engine, "{near: {port: 1}, container: a}"}});
  for (const std::string edited : {
           "{near: {port: 2}, container: a}",                       // another target
           "{calm: {port: 1}, container: a}",                       // another kind
           "{near: {port: 1}, container: b}",                       // another container
           "{near: {port: 1}}",                                     // none
           "{near: {port: 1}, container: a, onFailure: Observe}",   // another remedy
           "{near: {port: 2}, container: a, failureThreshold: 9}",  // together with what may be relaxed
       }) {
    running.edit({{engine, edited}});
    EXPECT_THAT(running.refused, ElementsAre(HasSubstr("its target, container and onFailure are fixed"))) << edited;
    ASSERT_EQ(running.current.probes.size(), 1U);
    EXPECT_EQ(running.current.probes[0].spec.target, "near 1");
    EXPECT_EQ(running.rules_of_engine().container, "a");
    EXPECT_EQ(running.rules_of_engine().on_failure, policy::remedy::restart_all_containers);
    EXPECT_EQ(running.rules_of_engine().failure_threshold, 3);
  }
}

TEST(live_edit, removes_a_probe_and_brings_it_back_as_it_was) {
  pod running(annotations{{engine, "near: {port: 1}"}, {"probe.podmedic.io/other", "near: {port: 2}"}});
  running.edit({{"probe.podmedic.io/other", "near: {port: 2}"}});
  EXPECT_THAT(running.refused, IsEmpty());
  ASSERT_EQ(running.current.probes.size(), 1U);
  EXPECT_EQ(running.current.rules.probes.size(), 1U);
  EXPECT_EQ(running.current.probes[0].name, "other");

  running.edit({{engine, "near: {port: 3}"}, {"probe.podmedic.io/other", "near: {port: 2}"}});
  EXPECT_EQ(running.current.probes.size(), 1U);
  EXPECT_EQ(running.refused.size(), 1U);

  running.edit({{engine, "near: {port: 1}"}, {"probe.podmedic.io/other", "near: {port: 2}"}});
  EXPECT_THAT(running.refused, IsEmpty());
  ASSERT_EQ(running.current.probes.size(), 2U);
  EXPECT_EQ(running.current.probes[0].name, "engine");
  EXPECT_EQ(running.current.rules.probes[0].name, "engine");
}

TEST(live_edit, adds_no_probe) {
  pod running(annotations{{"probe.podmedic.io/broken", "near: {prt: 1}"}});
  running.edit({{engine, "near: {port: 1}"}, {"probe.podmedic.io/broken", "near: {port: 1}"}});
  EXPECT_THAT(running.current.probes, IsEmpty());
  const std::string why = ": a probe cannot be added while the Pod lives; it needs a new Pod";
  EXPECT_THAT(running.refused, ElementsAre("probe.podmedic.io/broken" + why, engine + why));
}

TEST(live_edit, keeps_a_probe_whose_line_of_the_annotation_file_was_broken) {
  pod running(annotations{{engine, "near: {port: 1}"}});
  configuration edited = parse_small({});
  edited.found.push_back({engine, 1, 5, "", "not an escape of a Go string"});
  EXPECT_EQ(admit_live_edit(running.first, running.current, edited).use.probes.size(), 1U);
}

TEST(live_edit, leaves_hooks_as_they_were) {
  pod running(annotations{{hook, "call: {url: x}"}});
  for (const auto& [edited, message] : std::vector<std::pair<annotations, std::string>>{
           {{}, hook + ": a hook cannot be removed while the Pod lives; that needs a new Pod"},
           {{{hook, "call: {url: y}"}}, hook + ": a hook cannot be changed while the Pod lives; that needs a new Pod"},
           {{{hook, "{call: {url: x}, timeoutSeconds: 600}"}}, hook + ": a hook cannot be changed"},
           {{{hook, "call: {url: x}"}, {"hook.podmedic.io/20-y", "call: {url: y}"}},
            "hook.podmedic.io/20-y: a hook cannot be added while the Pod lives; that needs a new Pod"},
       }) {
    running.edit(edited);
    EXPECT_THAT(running.refused, ElementsAre(HasSubstr(message)));
    ASSERT_EQ(running.current.hooks.size(), 1U);
    EXPECT_EQ(running.current.hooks[0].spec.target, "call x");
    EXPECT_EQ(running.current.hooks[0].timeout, 5s);
  }
  running.edit({{hook, "call: {"}});  // a mistake, and no removal
  EXPECT_THAT(running.refused, IsEmpty());
  EXPECT_EQ(running.current.hooks.size(), 1U);
}

TEST(live_edit, leaves_the_metric_of_what_is_in_flight_as_it_was) {
  const auto with = [](const std::string& metric) {
    return annotations{{policy_annotation, "drain: {inFlight: {metric: " + metric + "}}"}};
  };
  const std::string first = "{url: 'http://127.0.0.1/m', gauge: a}";
  pod running(with(first));
  for (const std::string edited : {"{url: 'http://10.0.0.9/m', gauge: a}", "{url: 'http://127.0.0.1/m', gauge: b}"}) {
    running.edit(with(edited));
    EXPECT_EQ(running.current.in_flight, running.first.in_flight) << edited;
    EXPECT_THAT(running.refused, ElementsAre(HasSubstr("drain.inFlight.metric: is fixed while the Pod lives")));
  }
  running.edit(with("{url: 5}"));  // a mistake, and no change
  EXPECT_THAT(running.refused, IsEmpty());
  EXPECT_EQ(running.current.in_flight, running.first.in_flight);
  running.edit(with(first));
  EXPECT_THAT(running.refused, IsEmpty());
}

TEST(live_edit, leaves_windows_as_they_were) {
  pod running(annotations{{policy_annotation, "windows: [\"Mon 02:00-05:00\"]"}});
  const std::vector<policy::window> first = running.first.rules.windows;
  for (const std::string edited :
       {"{}", "windows: []", "windows: [\"* 00:00-24:00\"]", "windows: [\"Mon 03:00-04:00\"]"}) {
    running.edit({{policy_annotation, edited}});
    EXPECT_EQ(running.current.rules.windows, first) << edited;
    EXPECT_THAT(running.refused, ElementsAre(policy_annotation + ", windows: is fixed while the Pod lives; the change "
                                                                 "needs a new Pod"));
  }
  for (const std::string mistaken : {"windows: [\"Mon\"]", "window: [\"Mon 02:00-05:00\"]", "{"}) {
    running.edit({{policy_annotation, mistaken}});
    EXPECT_EQ(running.current.rules.windows, first) << mistaken;
    EXPECT_THAT(running.refused, IsEmpty());
  }
}

TEST(live_edit, of_a_policy_that_was_removed_goes_back_no_further_than_the_first) {
  pod running(
      annotations{{policy_annotation, "{budget: {restarts: 2}, drain: {timeoutSeconds: 10, settleSeconds: 1}}"}});
  running.edit({});
  EXPECT_EQ(running.current.rules.budget.restarts, 2);  // the default, 5, would be more
  EXPECT_EQ(running.current.rules.drain.timeout, 30s);  // the default is longer
  EXPECT_THAT(running.refused, ElementsAre(HasSubstr("budget.restarts: may only be lowered")));
}

TEST(live_edit, never_leaves_a_back_off_whose_base_is_above_its_cap) {
  pod running(annotations{});
  running.edit({{policy_annotation, "backoff: {baseSeconds: 700, capSeconds: 800}"}});
  running.edit({{policy_annotation, "backoff: {baseSeconds: 5, capSeconds: 650}"}});  // base is refused, cap is taken
  EXPECT_EQ(running.current.rules.back_off.base, 700s);
  EXPECT_EQ(running.current.rules.back_off.cap, 700s);
}

TEST(live_edit, is_relaxed_beside_a_refusal_of_long_standing) {
  // A mistake of long standing is one at every reading; the other fields may still be edited.
  pod running(annotations{{policy_annotation, "{success: {metrics: 5}, budget: {restarts: 5}}"}});
  running.edit({{policy_annotation, "{success: {metrics: 5}, budget: {restarts: 1}}"}});
  EXPECT_EQ(running.current.rules.budget.restarts, 1);
  EXPECT_THAT(running.refused, IsEmpty());
  EXPECT_EQ(running.current.found.size(), 1U);
}

TEST(live_edit, leaves_the_metrics_of_success_as_they_were) {
  const auto with = [](const std::string& metric) {
    return annotations{{policy_annotation, "success: {metrics: [{port: 1, metric: " + metric + ", atMost: 1}]}"}};
  };
  pod running(with("a"));
  running.edit(with("b"));
  EXPECT_THAT(running.refused, ElementsAre(HasSubstr("success.metrics: is fixed while the Pod lives")));
  EXPECT_EQ(running.current.rules.success.metrics, running.first.rules.success.metrics);
  EXPECT_EQ(running.current.success_metrics.at(0).metric.name, "a");
}

TEST(live_edit, of_nothing_changes_nothing) {
  const annotations given{{engine, "near: {port: 1}"},
                          {hook, "call: {url: x}"},
                          {policy_annotation, "hold: Unready"},
                          {"podmedic.io/mode", "Enforce"}};
  pod running(given);
  running.edit(given);
  EXPECT_THAT(running.refused, IsEmpty());
  EXPECT_EQ(running.current.fixed, running.first.fixed);
  EXPECT_EQ(running.current.hooks.size(), 1U);
  EXPECT_EQ(running.current.probes.size(), 1U);
}

}  // namespace
}  // namespace podmedic::config
