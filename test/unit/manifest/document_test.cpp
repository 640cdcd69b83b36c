#include "supervisor/manifest/document.hpp"

#include <gmock/gmock.h>

namespace podmedic::manifest {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

std::vector<std::string> pods_of(std::string_view file) {
  std::vector<std::string> found;
  for (const document& each : documents_in(file)) {
    if (!each.root) continue;
    for (const pod_template& pod : pods_in(*each.root)) {
      found.push_back(pod.kind + '/' + pod.name + '/' +
                      text_at(&find(pod.pod, {"spec", "containers"})->items[0], {"name"}));
    }
  }
  return found;
}

TEST(documents, are_separated_by_their_marks_and_empty_ones_are_left_out) {
  const auto all =
      documents_in("# a licence\n---\na: 1\n---\n# nothing\n--- # end\nb: |\n  ---\n  text\n...\n---\nc: 3");
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0].line, 1);
  EXPECT_EQ(all[1].line, 5);
  EXPECT_EQ(text_at(&*all[1].root, {"b"}), "---\ntext\n");
  EXPECT_EQ(text_at(&*all[2].root, {"c"}), "3");
}

TEST(documents, one_that_cannot_be_read_does_not_hide_the_others) {
  const auto all = documents_in("a: [\n---\nb: 1\n");
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_FALSE(all[0].root);
  EXPECT_THAT(all[0].errors, SizeIs(1));
  EXPECT_TRUE(all[1].root);
}

TEST(pods, are_found_by_their_shape_in_kinds_that_nobody_has_heard_of) {
  const std::string spec = "spec: {containers: [{name: main}]}";
  EXPECT_THAT(pods_of("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n" + spec), ElementsAre("Pod/a/main"));
  EXPECT_THAT(pods_of("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b}\nspec: {template: {" + spec + "}}"),
              ElementsAre("Deployment/b/main"));
  EXPECT_THAT(
      pods_of("apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {jobTemplate: {spec: {template: {" +
              spec + "}}}}"),
      ElementsAre("CronJob/c/main"));
  EXPECT_THAT(pods_of("apiVersion: x/v1\nkind: Swarm\nmetadata: {name: d}\nspec: {leader: {" + spec +
                      "}, workers: [{template: {" + spec + "}}]}"),
              ElementsAre("Swarm/d/main", "Swarm/d/main"));
  EXPECT_THAT(
      pods_of("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: e}, " + spec + "}"),
      ElementsAre("Pod/e/main"));
}

TEST(pods, are_not_seen_in_what_only_speaks_of_containers) {
  EXPECT_THAT(pods_of("apiVersion: v1\nkind: ConfigMap\ndata: {containers: a}\nspec: {containers: {type: array}}"),
              ElementsAre());
}

/// The text of the document from the place on.
std::string from_place(const std::string& text, yaml::position in_value) {
  const auto all = documents_in(text);
  const auto at = place_of(text, *find(&*all[0].root, {"key"}), in_value);
  if (!at) return "nowhere";
  std::string rest = text;
  for (int line = 1; line < at->line; ++line) rest.erase(0, rest.find('\n') + 1);
  return rest.substr(static_cast<std::size_t>(at->column) - 1);
}

TEST(places, lead_from_a_value_back_into_the_file) {
  // A block keeps its lines; quotes hide a line break in two letters, and a quote in two as well.
  EXPECT_EQ(from_place("key: |\n    one\n    two: 3\n", {2, 6}), "3\n");
  EXPECT_EQ(from_place("key: |-   # why\n\n  one\n  two: 3", {3, 6}), "3");
  EXPECT_EQ(from_place("{\"key\": \"a: 1\\nbc: 2\"}", {2, 5}), "2\"}");
  EXPECT_EQ(from_place("{\"key\": \"\\\"x\\u00e4\\\": 7\"}", {1, 7}), "7\"}");
  EXPECT_EQ(from_place("key: '{it''s: 5}'", {1, 8}), "5}'");
  EXPECT_EQ(from_place("key: {a: b}\n", {1, 1}), "{a: b}\n");
  EXPECT_EQ(from_place("key: plain", {1, 3}), "ain");
}

TEST(places, are_not_guessed_where_a_value_is_not_written_as_it_is) {
  EXPECT_EQ(from_place("key: >\n  one\n  two\n", {1, 5}), "nowhere");
  EXPECT_EQ(from_place("key: \"one\n  two\"\n", {1, 6}), "nowhere");
  EXPECT_EQ(from_place("key: |2\n    one\n", {1, 3}), "nowhere");
}

}  // namespace
}  // namespace podmedic::manifest
