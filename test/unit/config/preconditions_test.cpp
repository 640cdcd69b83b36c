// podmedic.io/policy's preconditions: whom they ask, and that a slip in them never restarts anything.
#include "small_kinds.hpp"

#include <gmock/gmock.h>

namespace podmedic::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using kind = precondition_entry::kind;

const std::string policy_annotation = "podmedic.io/policy";

precondition_entry only(const std::string& entry) {
  const configuration read = parse_policy("preconditions: [" + entry + "]");
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  EXPECT_EQ(read.preconditions.size(), 1U);
  EXPECT_EQ(read.rules.preconditions.size(), 1U);
  return read.preconditions.empty() ? precondition_entry{} : read.preconditions.front();
}

TEST(preconditions, are_none_where_nothing_is_given) {
  EXPECT_THAT(parse_policy("{}").rules.preconditions, IsEmpty());
  EXPECT_THAT(parse_policy("preconditions: []").rules.preconditions, IsEmpty());
  EXPECT_THAT(parse_policy("budget: {restarts: x}").rules.preconditions, IsEmpty()) << "a mistake elsewhere";
}

TEST(preconditions, ask_over_http_what_the_user_says) {
  const precondition_entry read = only(
      "{http: {url: \"https://capacity.ops/spare\", method: POST, body: now, bodyContains: ok}, timeoutSeconds: 2}");
  EXPECT_EQ(read.of, kind::http);
  EXPECT_EQ(read.request.url, "https://capacity.ops:443/spare");
  EXPECT_EQ(read.request.method, "POST");
  EXPECT_EQ(read.request.timeout, 2s);
  EXPECT_EQ(read.body_contains, "ok");
  EXPECT_TRUE(read.expected.contains(204));
  EXPECT_FALSE(read.expected.contains(302)) << "a redirect to a page for logging in is no consent";
}

TEST(preconditions, ask_prometheus_for_alerts_by_a_query_that_it_understands) {
  const precondition_entry read = only(R"({prometheus: {url: "http://prom:9090/base/", noAlert: 'Node.*|"a\b'}})");
  EXPECT_EQ(read.of, kind::no_alert);
  EXPECT_EQ(read.request.url, "http://prom:9090/base/api/v1/query");
  EXPECT_EQ(read.request.method, "POST");
  // count by (alertname) (ALERTS{alertstate="firing",alertname=~"Node.*|\"a\\b"})
  EXPECT_EQ(read.request.body,
            "query=count%20by%20%28alertname%29%20%28ALERTS%7Balertstate%3D%22firing%22%2Calertname%3D%7E%22"
            "Node%2E%2A%7C%5C%22a%5C%5Cb%22%7D%29");
  EXPECT_EQ(only("{prometheus: {url: \"http://prom:9090\", query: \"up > 2\"}}").request.body, "query=up%20%3E%202");
}

TEST(preconditions, wait_where_nobody_answers_by_default) {
  const auto silence = [](const std::string& more) {
    return parse_policy("preconditions: [{http: {url: \"http://a/\"}" + more + "}]").rules.preconditions.at(0).silence;
  };
  EXPECT_EQ(silence(""), policy::on_unreachable::wait);
  EXPECT_EQ(silence(", onUnreachable: Proceed"), policy::on_unreachable::proceed);
}

TEST(preconditions, name_every_mistake_exactly) {
  const mistake_row rows[] = {
      {"preconditions: [{}]", 1, 17, "preconditions[0]", "expected exactly one of http and prometheus"},
      {"preconditions: [{http: {url: \"http://a/\"}, prometheus: {url: \"http://a/\", query: x}}]", 1, 17,
       "preconditions[0]", "expected exactly one of http and prometheus"},
      {"preconditions: [{http: {url: \"ftp://a/\"}}]", 1, 30, "preconditions[0].http.url", "expected http://"},
      {"preconditions: [{http: {url: \"http://a/\", expectStatus: many}}]", 1, 57, "preconditions[0].http.expectStatus",
       "expected codes from 100 to 599"},
      {"preconditions: [{prometheus: {url: \"http://a/\"}}]", 1, 30, "preconditions[0].prometheus",
       "expected exactly one of noAlert and query"},
      {"preconditions: [{prometheus: {url: \"http://a/?query=up\", query: up}}]", 1, 36,
       "preconditions[0].prometheus.url", "expected the address of Prometheus itself"},
      {"preconditions: [{prometheus: {url: \"http://a/\", alert: x, query: up}}]", 1, 49,
       "preconditions[0].prometheus.alert", "did you mean noAlert?"},
      {"preconditions: [{http: {url: \"http://a/\"}, timeoutSeconds: 11}]", 1, 60, "preconditions[0].timeoutSeconds",
       "must be from 0.1 to 10"},
      {"preconditions: [{http: {url: \"http://a/\"}, onUnreachable: Go}]", 1, 59, "preconditions[0].onUnreachable",
       "expected one of Wait, Proceed"},
  };
  for (const mistake_row& row : rows) expect_only(parse_policy(row.value).found, policy_annotation, row);
}

TEST(preconditions, that_cannot_be_known_never_hold) {
  const std::string sound = "{http: {url: \"http://a/\"}}";
  const std::string nine = sound + "," + sound + "," + sound + "," + sound + "," + sound + "," + sound + "," + sound +
                           "," + sound + "," + sound;
  const std::string values[] = {
      "preconditions: [{}]",                       // of no kind
      "preconditions: [" + sound + ", {htp: 1}]",  // one of two
      "preconditions: {http: {url: x}}",           // no list
      "preconditions: ",                           // no value
      "precondition: [" + sound + "]",             // misspelt
      "preconditions: [" + nine + "]",             // too many
  };
  for (const std::string& value : values) {
    const configuration read = parse_policy(value);
    EXPECT_THAT(read.rules.preconditions, ElementsAre(policy::precondition_rules{})) << value;
    EXPECT_THAT(read.preconditions, IsEmpty()) << value;
    EXPECT_THAT(texts_of(read.found), testing::Not(IsEmpty())) << value;
  }
}

TEST(preconditions, are_fixed_while_the_pod_lives) {
  const auto with = [](const std::string& entry) {
    return parse_policy("preconditions: [{http: {url: \"http://" + entry + "/\"}}]");
  };
  const configuration first = with("a");
  for (const configuration& edited : {with("b"), parse_policy("preconditions: []"), parse_policy("{}")}) {
    const admitted taken = admit_live_edit(first, first, edited);
    EXPECT_THAT(texts_of(taken.refused), ElementsAre(HasSubstr("preconditions: is fixed while the Pod lives")));
    EXPECT_EQ(taken.use.rules.preconditions, first.rules.preconditions);
    ASSERT_EQ(taken.use.preconditions.size(), 1U);
    EXPECT_EQ(taken.use.preconditions[0].request.url, "http://a:80/");
  }
  const admitted mistaken = admit_live_edit(first, first, parse_policy("preconditions: [{}]"));
  EXPECT_EQ(mistaken.use.rules.preconditions, first.rules.preconditions) << "the last good value stays";
  EXPECT_NE(with("a").fixed.at(policy_annotation), with("b").fixed.at(policy_annotation));
}

}  // namespace
}  // namespace podmedic::config
