#include "small_kinds.hpp"

#include <gmock/gmock.h>

namespace podmedic::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

policy::mode mode_of(const std::string& value) {
  return parse_small({{"podmedic.io/mode", value}}).rules.in_mode;
}

TEST(mode_annotation, is_observe_or_enforce) {
  EXPECT_EQ(mode_of("Enforce"), policy::mode::enforce);
  EXPECT_EQ(mode_of("Enforce\n"), policy::mode::enforce);  // written as a block
  EXPECT_EQ(mode_of("Observe"), policy::mode::observe);
}

TEST(mode_annotation, with_a_mistake_observes) {
  for (const auto& [value, message] : std::map<std::string, std::string>{
           {"Enforec", "found \"Enforec\"; did you mean Enforce?; until this is mended podmedic observes"},
           {"enforce", "did you mean Enforce?"},
           {"", "expected Observe or Enforce, found \"\"; until this is mended"},
           {"Enforce, Observe", "expected Observe or Enforce"},
           {std::string(100'000, 'x'), "expected Observe or Enforce"},
       }) {
    const configuration read = parse_small({{"podmedic.io/mode", value}});
    EXPECT_EQ(read.rules.in_mode, policy::mode::observe) << value;
    ASSERT_EQ(read.found.size(), 1U);
    EXPECT_EQ(read.found[0].source, "podmedic.io/mode");
    EXPECT_THAT(read.found[0].message, HasSubstr(message));
    EXPECT_LT(read.found[0].message.size(), 300U);
  }
}

TEST(pause_annotation, is_a_time) {
  const configuration read = parse_small({{"podmedic.io/paused-until", "2026-12-01T08:00:00Z\n"}});
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  using namespace std::chrono;
  EXPECT_EQ(read.rules.paused_until, wall_time{sys_days{2026y / December / 1}} + hours(8));
  EXPECT_EQ(parse_small({}).rules.paused_until, std::nullopt);
}

TEST(pause_annotation, with_a_mistake_pauses_until_it_is_mended) {
  for (const std::string value : {"tomorrow", "", "2026-12-01", "true", "2026-12-01T08:00:00"}) {
    const configuration read = parse_small({{"podmedic.io/paused-until", value}});
    EXPECT_EQ(read.rules.paused_until, until_mended) << value;
    ASSERT_EQ(read.found.size(), 1U);
    EXPECT_EQ(read.found[0].source, "podmedic.io/paused-until");
    EXPECT_THAT(read.found[0].message, HasSubstr("paused until this is mended"));
  }
}

TEST(annotations_of_others, are_ignored) {
  const configuration read = parse_small({{"kubernetes.io/config.source", "api"},
                                          {"example.com/mode", "Enforce"},
                                          {"notpodmedic.io/mode", "Enforce"},
                                          {"podmedic.io.example.com/mode", "Enforce"},
                                          {"mode", "Enforce"},
                                          {"podmedic.io", "Enforce"},
                                          {"", ""},
                                          {"podmedic.io/last-restart", "written by podmedic"}});
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  EXPECT_EQ(read.rules.in_mode, policy::mode::observe);
}

TEST(annotations_of_ours, that_mean_nothing_are_mistakes_with_the_nearest_name) {
  for (const auto& [key, message] : std::map<std::string, std::string>{
           {"podmedic.io/mdoe", "unknown annotation; did you mean podmedic.io/mode?"},
           {"podmedic.io/paused-untill", "did you mean podmedic.io/paused-until?"},
           {"podmedic.io/quite-another", "unknown annotation"},
           {"probes.podmedic.io/engine", "did you mean probe.podmedic.io/engine?"},
           {"hooks.podmedic.io/10-x", "did you mean hook.podmedic.io/10-x?"},
           {"a.b.podmedic.io/x", "unknown annotation"},
       }) {
    const configuration read = parse_small({{key, "near: {port: 1}"}});
    ASSERT_EQ(read.found.size(), 1U) << key;
    EXPECT_EQ(read.found[0].source, key);
    EXPECT_THAT(read.found[0].message, HasSubstr(message));
    EXPECT_THAT(read.probes, IsEmpty());
  }
}

TEST(parse, collects_the_mistakes_of_all_annotations) {
  const configuration read = parse_small({{"podmedic.io/mode", "x"},
                                          {"podmedic.io/policy", "hold: x"},
                                          {"hook.podmedic.io/a", "x"},
                                          {"probe.podmedic.io/b", "x"},
                                          {"probe.podmedic.io/c", "near: {port: 1}"}});
  EXPECT_EQ(read.found.size(), 4U);
  EXPECT_EQ(read.probes.size(), 1U);
}

// The kinds that podmedic really has, once: the smallest useful Pod of the design.
TEST(parse, reads_the_smallest_useful_pod_with_the_kinds_of_this_version) {
  const configuration read =
      parse({{"podmedic.io/mode", "Enforce"}, {"probe.podmedic.io/engine", "{grpc: {port: 8001}}"}});
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  ASSERT_EQ(read.probes.size(), 1U);
  EXPECT_EQ(read.probes[0].kind, "grpc");
  EXPECT_TRUE(read.probes[0].spec.make);
  EXPECT_EQ(read.rules.in_mode, policy::mode::enforce);
}

TEST(parse, refuses_the_kinds_that_design_has_and_this_version_has_not) {
  for (const probes::kind& kind : probes::kinds()) {
    const std::string name(kind.name);
    const configuration read = parse({{"probe.podmedic.io/x", name + ": {}"}});
    const auto refusal = HasSubstr("probe kind " + name +
                                   " is part of podmedic's design and not of this version; remove it or use one of "
                                   "grpc, http, tcpSocket, exec");
    EXPECT_EQ(testing::Matches(ElementsAre(refusal))(texts_of(read.found)), kind.read == nullptr) << name;
  }
}

}  // namespace
}  // namespace podmedic::config
