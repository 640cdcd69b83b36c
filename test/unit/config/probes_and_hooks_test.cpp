#include "small_kinds.hpp"

#include <gmock/gmock.h>

namespace podmedic::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string engine = "probe.podmedic.io/engine";
const std::string hook = "hook.podmedic.io/10-envoy";

TEST(probe_annotation, has_the_defaults_of_kubernetes) {
  const configuration read = parse_small({{engine, "{near: {port: 8001}}"}});
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  ASSERT_EQ(read.probes.size(), 1U);
  EXPECT_EQ(read.probes[0].name, "engine");
  EXPECT_EQ(read.probes[0].kind, "near");
  EXPECT_EQ(read.probes[0].spec.target, "near 8001");
  EXPECT_EQ(read.probes[0].period, 10s);
  EXPECT_EQ(read.probes[0].timeout, 1s);
  EXPECT_EQ(read.probes[0].initial_delay, 0s);
  ASSERT_EQ(read.rules.probes.size(), 1U);
  EXPECT_EQ(read.rules.probes[0].name, "engine");
  EXPECT_EQ(read.rules.probes[0].container, "");
  EXPECT_EQ(read.rules.probes[0].failure_threshold, 3);
  EXPECT_EQ(read.rules.probes[0].success_threshold, 1);
  EXPECT_EQ(read.rules.probes[0].on_failure, policy::remedy::restart_all_containers);
  EXPECT_EQ(read.rules.probes[0].while_waiting, policy::waiting::unready);
}

TEST(probe_annotation, takes_every_field) {
  const configuration read = parse_small({{engine, R"(
near: {port: 8001}
periodSeconds: 0.5
timeoutSeconds: 2
failureThreshold: 5
successThreshold: 2
initialDelaySeconds: 30
container: engine-1
onFailure: Drain
whileWaiting: InService
)"}});
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  ASSERT_EQ(read.probes.size(), 1U);
  EXPECT_EQ(read.probes[0].period, 500ms);
  EXPECT_EQ(read.probes[0].timeout, 2s);
  EXPECT_EQ(read.probes[0].initial_delay, 30s);
  EXPECT_EQ(read.rules.probes[0].container, "engine-1");
  EXPECT_EQ(read.rules.probes[0].failure_threshold, 5);
  EXPECT_EQ(read.rules.probes[0].success_threshold, 2);
  EXPECT_EQ(read.rules.probes[0].on_failure, policy::remedy::drain);
  EXPECT_EQ(read.rules.probes[0].while_waiting, policy::waiting::in_service);
}

TEST(probe_annotation, of_a_calm_kind_waits_in_service_by_default) {
  EXPECT_EQ(parse_small({{engine, "calm: {port: 1}"}}).rules.probes.at(0).while_waiting, policy::waiting::in_service);
  EXPECT_EQ(parse_small({{engine, "{calm: {port: 1}, whileWaiting: Unready}"}}).rules.probes.at(0).while_waiting,
            policy::waiting::unready);
}

TEST(probe_annotation, of_a_target_outside_of_the_pod_only_observes) {
  const configuration read = parse_small({{engine, "far: {host: db}"}});
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  EXPECT_EQ(read.rules.probes.at(0).on_failure, policy::remedy::observe);
  EXPECT_THAT(parse_small({{engine, "{far: {host: db}, onFailure: Observe}"}}).probes.size(), 1U);
}

TEST(probe_annotation, with_a_mistake_is_stopped_and_the_mistake_is_named_exactly) {
  const mistake_row rows[] = {
      // Kinds.
      {"{near: {prot: 8001, port: 1}}", 1, 9, "near.prot", "unknown field \"prot\"; did you mean port?"},
      {"{near: {}}", 1, 8, "near.port", "is required: a port"},
      {"{near: 8001}", 1, 8, "near", "expected a mapping, found \"8001\""},
      {"periodSeconds: 2", 1, 1, "", "names no kind; expected exactly one of near, calm, far"},
      {"{near: {port: 1}, calm: {port: 1}}", 1, 25, "calm", "is a second kind beside near; expected exactly one"},
      {"{later: {x: 1}}", 1, 9, "later",
       "probe kind later is part of podmedic's design and not of this version; remove it or use one of near, calm"},
      // Fields.
      {"{near: {port: 1}, periodSecond: 2}", 1, 19, "periodSecond", "did you mean periodSeconds?"},
      {"near: {port: 1}\nperiodSeconds: 0\n", 2, 16, "periodSeconds", "must be from 0.1 to 86400, found 0"},
      {"near: {port: 1}\ntimeoutSeconds: 0\n", 2, 17, "timeoutSeconds", "must be from 0.01 to 3600, found 0"},
      {"near: {port: 1}\ninitialDelaySeconds: -1\n", 2, 22, "initialDelaySeconds", "must be from 0 to 86400"},
      {"near: {port: 1}\nfailureThreshold: 0\n", 2, 19, "failureThreshold", "must be from 1 to 10000, found 0"},
      {"near: {port: 1}\nfailureThreshold: 2.5\n", 2, 19, "failureThreshold", "expected a whole number"},
      {"near: {port: 1}\nsuccessThreshold: 0\n", 2, 19, "successThreshold", "must be from 1 to 10000"},
      {"near: {port: 1}\ncontainer: The Engine\n", 2, 12, "container", "expected a container's name"},
      {"near: {port: 1}\ncontainer: \"\"\n", 2, 12, "container", "expected a container's name"},
      {"near: {port: 1}\nonFailure: Restart\n", 2, 12, "onFailure", "expected one of Observe, Drain"},
      {"near: {port: 1}\nonFailure: restartAllContainers\n", 2, 12, "onFailure", "did you mean RestartAllContainers?"},
      {"near: {port: 1}\nwhileWaiting: Ready\n", 2, 15, "whileWaiting", "did you mean Unready?"},
      {"near: {port: 1}\nroot: Pod\n", 2, 7, "root", "expected Container, found \"Pod\""},
      {"near: {port: 1}\nonFailure: RestartContainer\n", 2, 12, "onFailure", "RestartContainer needs `container`"},
      {"near: {port: 1}\nterminationGracePeriodSeconds: 5\n", 2, 32, "terminationGracePeriodSeconds",
       "is for onFailure: RestartContainer"},
      {"near: {port: 1}\nroot: Container\n", 2, 7, "root", "is for kinds that read files"},
      // A target outside of the Pod.
      {"{far: {host: db}, onFailure: Drain}", 1, 30, "onFailure", "may only Observe"},
      {"{far: {host: db}, onFailure: RestartAllContainers}", 1, 30, "onFailure",
       "a target that is not this Pod may only Observe: a shared dependency must never restart a fleet"},
      // The whole.
      {"", 0, 0, "", "is empty"},
      {"near", 1, 1, "", "expected a mapping"},
      {"{near: {port: 1}", 1, 1, "", "left open"},
  };
  for (const mistake_row& row : rows) {
    const configuration read = parse_small({{engine, row.value}, {"probe.podmedic.io/good", "near: {port: 1}"}});
    expect_only(read.found, engine, row);
    ASSERT_EQ(read.probes.size(), 1U) << row.value;
    EXPECT_EQ(read.probes[0].name, "good");
    EXPECT_EQ(read.rules.probes.size(), 1U);
    EXPECT_FALSE(read.fixed.contains(engine));
  }
}

TEST(probe_annotation, tells_all_its_mistakes_at_once) {
  const configuration read =
      parse_small({{engine, "{near: {port: 0, x: 1}, periodSeconds: no, onFailure: Evict, contaner: a}"}});
  EXPECT_THAT(texts_of(read.found),
              ElementsAre(HasSubstr("near.port: "), HasSubstr("near.x: "), HasSubstr("periodSeconds: "),
                          HasSubstr("onFailure: "), HasSubstr("contaner: ")));
}

TEST(probe_annotation, has_a_dns_label_for_a_name) {
  for (const std::string name : {"Engine", "a_b", "-a", "a-", "a.b", ""}) {
    const configuration read = parse_small({{"probe.podmedic.io/" + name, "near: {port: 1}"}});
    ASSERT_EQ(read.found.size(), 1U) << name;
    EXPECT_THAT(read.found[0].message, HasSubstr("is no valid name")) << name;
    EXPECT_THAT(read.probes, IsEmpty());
  }
  EXPECT_EQ(parse_small({{"probe.podmedic.io/0-a", "near: {port: 1}"}}).probes.size(), 1U);
}

TEST(probe_annotations, are_sorted_by_name) {
  const configuration read = parse_small({{"probe.podmedic.io/b", "near: {port: 2}"},
                                          {"probe.podmedic.io/a", "near: {port: 1}"},
                                          {"probe.podmedic.io/a2", "near: {port: 3}"}});
  ASSERT_EQ(read.probes.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(read.probes[i].name, read.rules.probes[i].name);
  EXPECT_EQ(read.probes[0].name, "a");
  EXPECT_EQ(read.probes[1].name, "a2");
  EXPECT_EQ(read.probes[2].name, "b");
}

TEST(probe_annotation, fixes_target_container_and_remedy_and_no_threshold) {
  const auto fixed = [](const std::string& value) { return parse_small({{engine, value}}).fixed.at(engine); };
  const std::string first = fixed("{near: {port: 1}}");
  // Written otherwise, and what may be relaxed.
  EXPECT_EQ(fixed("near:\n  port: 1\n"), first);
  EXPECT_EQ(fixed("{near: {port: 1}, onFailure: RestartAllContainers}"), first);
  EXPECT_EQ(fixed("{near: {port: 1}, periodSeconds: 3, timeoutSeconds: 4, failureThreshold: 5, successThreshold: 6}"),
            first);
  // Another target, container or remedy.
  EXPECT_NE(fixed("{near: {port: 2}}"), first);
  EXPECT_NE(fixed("{calm: {port: 1}}"), first);
  EXPECT_NE(fixed("{near: {port: 1}, container: a}"), first);
  EXPECT_NE(fixed("{near: {port: 1}, onFailure: Observe}"), first);
}

TEST(hook_annotation, has_defaults) {
  const configuration read = parse_small({{hook, "call: {url: x}"}});
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  ASSERT_EQ(read.hooks.size(), 1U);
  EXPECT_EQ(read.hooks[0].name, "10-envoy");
  EXPECT_EQ(read.hooks[0].spec.target, "call x");
  EXPECT_EQ(read.hooks[0].phase, hook_phase::drain);
  EXPECT_EQ(read.hooks[0].timeout, 5s);
  EXPECT_EQ(read.hooks[0].on_error, on_hook_error::carry_on);
}

TEST(hook_annotation, takes_every_field) {
  const std::pair<std::string, hook_phase> phases[] = {{"Drain", hook_phase::drain},
                                                       {"Diagnose", hook_phase::diagnose},
                                                       {"Quiesce", hook_phase::quiesce},
                                                       {"Recovered", hook_phase::recovered},
                                                       {"Cancelled", hook_phase::cancelled}};
  for (const auto& [word, phase] : phases) {
    const configuration read =
        parse_small({{hook, "{call: {url: x}, timeoutSeconds: 2.5, onError: Abort, phase: " + word + "}"}});
    EXPECT_THAT(texts_of(read.found), IsEmpty());
    ASSERT_EQ(read.hooks.size(), 1U);
    EXPECT_EQ(read.hooks[0].phase, phase);
    EXPECT_EQ(read.hooks[0].timeout, 2500ms);
    EXPECT_EQ(read.hooks[0].on_error, on_hook_error::abort);
  }
}

TEST(hook_annotation, of_the_phase_Startup_has_no_restart_to_abort_and_nobody_to_signal) {
  const configuration read = parse_small({{hook, "{call: {url: x}, phase: Startup}"}});
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  EXPECT_EQ(read.hooks.at(0).phase, hook_phase::startup);
  const configuration aborts = parse_small({{hook, "{call: {url: x}, phase: Startup, onError: Abort}"}});
  ASSERT_EQ(aborts.found.size(), 1U);
  EXPECT_EQ(aborts.found[0].field, "onError");
  const configuration signals = parse({{hook, "{signal: {container: engine, signal: KILL}, phase: Startup}"}});
  ASSERT_EQ(signals.found.size(), 1U);
  EXPECT_EQ(signals.found[0].field, "signal");
  EXPECT_TRUE(aborts.hooks.empty() && signals.hooks.empty());
}

TEST(hook_annotation, with_a_mistake_is_stopped_and_the_mistake_is_named_exactly) {
  const mistake_row rows[] = {
      {"{call: {}}", 1, 8, "call.url", "is required"},
      {"phase: Drain", 1, 1, "", "names no kind; expected exactly one of call, shout"},
      {"{call: {url: x}, shout: {url: x}}", 1, 25, "shout", "is a second kind beside call"},
      {"{call: {url: x}, phase: drain}", 1, 25, "phase", "did you mean Drain?"},
      {"{call: {url: x}, onError: Fail}", 1, 27, "onError", "expected one of Continue, Abort"},
      {"{call: {url: x}, timeoutSeconds: 601}", 1, 34, "timeoutSeconds", "must be from 0.01 to 600, found 601"},
      {"{call: {url: x}, timeout: 5}", 1, 18, "timeout", "unknown field \"timeout\""},
  };
  for (const mistake_row& row : rows) {
    const configuration read = parse_small({{hook, row.value}, {"hook.podmedic.io/20-good", "call: {url: y}"}});
    expect_only(read.found, hook, row);
    ASSERT_EQ(read.hooks.size(), 1U) << row.value;
    EXPECT_EQ(read.hooks[0].name, "20-good");
  }
}

TEST(hook_annotation, is_fixed_whole) {
  const auto fixed = [](const std::string& value) { return parse_small({{hook, value}}).fixed.at(hook); };
  EXPECT_EQ(fixed("{call: {url: x}, phase: Drain}"), fixed("phase: Drain\ncall:\n  url: \"x\"\n"));
  EXPECT_NE(fixed("{call: {url: x}}"), fixed("{call: {url: y}}"));
  EXPECT_NE(fixed("{call: {url: x}, timeoutSeconds: 1}"), fixed("{call: {url: x}, timeoutSeconds: 2}"));
}

TEST(probe_annotation, of_connections_only_observes_unless_it_is_told_otherwise) {
  const std::string target = "{connections: {peerPorts: [5432]}";
  EXPECT_EQ(parse({{engine, target + "}"}}).rules.probes.at(0).on_failure, policy::remedy::observe);
  EXPECT_EQ(parse({{engine, target + ", onFailure: RestartAllContainers}"}}).rules.probes.at(0).on_failure,
            policy::remedy::restart_all_containers);
}

}  // namespace
}  // namespace podmedic::config
