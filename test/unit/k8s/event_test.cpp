#include "k8s/event.hpp"

#include "k8s/json.hpp"

#include <gtest/gtest.h>

namespace podmedic::k8s {
namespace {

using namespace std::chrono_literals;

json event_of(const pod_event& event, const std::string& pod = "engine-0") {
  return json::parse(event_json(event, "fleet", pod, "ed56b395-fc07-4dc7-ade3-a66197beeff2"));
}

TEST(event, says_what_happened_to_which_pod) {
  const json made = event_of({.type = pod_event::severity::warning,
                              .reason = "ProbeFailed",
                              .action = "Drain",
                              .note = "engine: no answer in 1 s",
                              .at = wall_time(1'769'848'200'250ms)});
  EXPECT_EQ(made["apiVersion"], "events.k8s.io/v1");
  EXPECT_EQ(made["kind"], "Event");
  EXPECT_EQ(made["type"], "Warning");
  EXPECT_EQ(made["reason"], "ProbeFailed");
  EXPECT_EQ(made["action"], "Drain");
  EXPECT_EQ(made["note"], "engine: no answer in 1 s");
  EXPECT_EQ(made["eventTime"], "2026-01-31T08:30:00.250000Z");  // MicroTime
  EXPECT_EQ(made["metadata"], (json{{"generateName", "engine-0-"}, {"namespace", "fleet"}}));
  EXPECT_EQ(made["reportingController"], "podmedic.io/podmedic");
  EXPECT_EQ(made["reportingInstance"], "engine-0");
  EXPECT_EQ(made["regarding"], (json{{"apiVersion", "v1"},
                                     {"kind", "Pod"},
                                     {"namespace", "fleet"},
                                     {"name", "engine-0"},
                                     {"uid", "ed56b395-fc07-4dc7-ade3-a66197beeff2"}}));
}

TEST(event, has_an_action_though_none_was_given_because_the_api_requires_one) {
  EXPECT_EQ(event_of({.reason = "Recovered"})["action"], "Recovered");
  EXPECT_EQ(event_of({.reason = "Recovered"})["type"], "Normal");
}

TEST(event, stays_within_the_limits_of_the_api) {
  const std::string long_name(253, 'p');
  const json made = event_of({.reason = std::string(300, 'R'), .note = std::string(5'000, 'n')}, long_name);
  EXPECT_EQ(made["note"].get<std::string>().size(), 1024u);
  EXPECT_EQ(made["reason"].get<std::string>().size(), 128u);
  EXPECT_EQ(made["action"].get<std::string>().size(), 128u);
  EXPECT_EQ(made["reportingInstance"].get<std::string>().size(), 128u);
  EXPECT_LE(made["metadata"]["generateName"].get<std::string>().size(), 253u);
  EXPECT_EQ(made["regarding"]["name"], long_name);
}

TEST(event, is_json_whatever_bytes_a_note_consists_of) {
  EXPECT_EQ(event_of({.reason = "R", .note = "a\xff\"\n"})["note"], "a\xef\xbf\xbd\"\n");
}

TEST(cut_utf8, cuts_between_letters_and_shows_that_it_did) {
  struct row {
    std::string text;
    std::size_t most;
    std::string expected;
  };
  const row rows[] = {
      {"whole", 5, "whole"}, {"longer", 5, "lo…"},  // the ellipsis takes three bytes
      {"äöü", 6, "äöü"},                            // two bytes each
      {"äöüß", 6, "ä…"},                            // four would leave no room for "ö"
      {"äöüß", 7, "äö…"},    {"€€€", 8, "€…"},     {"longer", 2, ""}, {"", 0, ""},
  };
  for (const row& each : rows) EXPECT_EQ(cut_utf8(each.text, each.most), each.expected) << each.text;
}

}  // namespace
}  // namespace podmedic::k8s
