#include "supervisor/config/explain.hpp"

#include "test/support/files.hpp"

#include <gmock/gmock.h>

namespace podmedic::config {
namespace {

using testing::HasSubstr;

/// "3 (annotation)": the value, and whose it is.
std::string found(const annotations& given, const std::string& annotation, const std::string& field) {
  for (const explained& each : explain(given)) {
    if (each.annotation == annotation && each.field == field) return each.value + " (" + each.from + ")";
  }
  return "nothing";
}

TEST(explain, says_whose_each_value_is) {
  const annotations given{{"podmedic.io/mode", "Enforce"},
                          {"podmedic.io/policy", "budget: {restarts: 3}\nwindows: ['Mon 01:00-02:00']"},
                          {"probe.podmedic.io/a", "{tcpSocket: {port: 1}, periodSeconds: 2}"}};
  EXPECT_EQ(found(given, "podmedic.io/mode", ""), "Enforce (annotation)");
  EXPECT_EQ(found({}, "podmedic.io/mode", ""), "Observe (default)");
  EXPECT_EQ(found(given, "podmedic.io/policy", "budget.restarts"), "3 (annotation)");
  EXPECT_EQ(found(given, "podmedic.io/policy", "budget.windowSeconds"), "3600 (default)");
  EXPECT_EQ(found(given, "podmedic.io/policy", "windows"), "1 given (annotation)");
  EXPECT_EQ(found(given, "probe.podmedic.io/a", "periodSeconds"), "2 (annotation)");
  EXPECT_EQ(found(given, "probe.podmedic.io/a", "onFailure"), "RestartAllContainers (default)");
}

TEST(explain, says_what_a_preset_has_brought_and_the_annotation_overrides) {
  const annotations preset{{"podmedic.io/preset", "vllm"}};
  const configuration read = parse(preset);
  ASSERT_FALSE(read.probes.empty());
  const std::string probe = "probe.podmedic.io/" + read.probes[0].name;
  EXPECT_THAT(found(preset, probe, read.probes[0].kind), HasSubstr("(preset vllm)"));
  annotations own = preset;
  own[probe] = "{tcpSocket: {port: 1}, periodSeconds: 77}";
  EXPECT_EQ(found(own, probe, "periodSeconds"), "77 (annotation)");
  EXPECT_EQ(found(own, probe, "timeoutSeconds"), "1 (default)") << "a probe is taken whole";
  own["podmedic.io/policy"] = "{hold: Unready}";
  EXPECT_EQ(found(own, "podmedic.io/policy", "hold"), "Unready (annotation)");
  EXPECT_THAT(found(own, "podmedic.io/policy", "warmUp.maxSeconds"),
              testing::AnyOf(HasSubstr("(preset vllm)"), HasSubstr("900 (default)")));
}

TEST(explain, says_where_a_mistake_has_left_the_default) {
  const annotations wrong{{"podmedic.io/policy", "{budget: {restarts: many}}"}};
  EXPECT_EQ(found(wrong, "podmedic.io/policy", "budget.restarts"), "5 (default; the annotation has a mistake there)");
  EXPECT_EQ(found(wrong, "podmedic.io/policy", "budget.windowSeconds"), "3600 (default)");
}

TEST(explain, knows_every_field_of_the_policy_that_the_reference_has) {
  const std::string page = test::text_of("docs/annotations.md");
  const std::size_t begin = page.find("## Policy");
  ASSERT_NE(begin, std::string::npos);
  std::istringstream rows(page.substr(begin, page.find("\n### ", begin) - begin));
  int seen = 0;
  for (std::string row; std::getline(rows, row);) {
    if (!row.starts_with("| `") || row.find("not in this version") != std::string::npos) continue;
    const std::string field = row.substr(3, row.find('`', 3) - 3);
    if (field == "drain.inFlight.metric") continue;
    EXPECT_NE(found({}, "podmedic.io/policy", field), "nothing") << field;
    ++seen;
  }
  EXPECT_GT(seen, 15);
}

TEST(explain, tells_what_a_failure_leads_to) {
  const auto of = [](const std::string& probe, const std::string& mode) {
    const configuration read = parse({{"podmedic.io/mode", mode}, {"probe.podmedic.io/a", probe}});
    return consequence(read.rules.probes.at(0), read.probes.at(0), read.rules);
  };
  EXPECT_EQ(of("{tcpSocket: {port: 1}, failureThreshold: 1, periodSeconds: 0.5}", "Enforce"),
            "1 failure in a row, 0.5 s apart, and one more check: drained for at most 30 s, then all containers are "
            "restarted, at most 5 times in 3600 s; after 3 without recovery: Hold");
  EXPECT_THAT(of("{tcpSocket: {port: 1}, container: b, onFailure: RestartContainer}", "Enforce"),
              HasSubstr("container b is restarted"));
  EXPECT_THAT(of("{tcpSocket: {port: 1}}", "Observe"), HasSubstr("In Observe it only says so"));
  EXPECT_THAT(of("{tcpSocket: {port: 1}, onFailure: Observe}", "Enforce"), HasSubstr("does nothing"));
}

}  // namespace
}  // namespace podmedic::config
