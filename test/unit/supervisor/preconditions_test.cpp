// What an answer of Prometheus means for a restart, with answers as its API documents them.
#include "supervisor/preconditions.hpp"

#include <gmock/gmock.h>

namespace podmedic {
namespace {

using answered = policy::event::preconditions_answered;
using answer = answered::answer;
using kind = config::precondition_entry::kind;
using testing::HasSubstr;

answered::one judged(kind of, int status, std::string_view body) {
  config::precondition_entry asked;
  asked.of = of;
  asked.target = "the target";
  return judge_prometheus(asked, status, body);
}

/// A vector with these elements.
std::string vector_of(const std::string& elements, const std::string& more = "") {
  return R"({"status": "success", )" + more + R"("data": {"resultType": "vector", "result": [)" + elements + "]}}";
}
std::string sample(const std::string& value) {
  return R"({"metric": {"alertname": "NodeDown"}, "value": [1435781451.781, ")" + value + R"("]})";
}

TEST(prometheus, that_knows_of_no_firing_alert_holds_and_of_one_refuses_by_its_name) {
  EXPECT_EQ(judged(kind::no_alert, 200, vector_of("")).found, answer::holds);
  const answered::one fires = judged(kind::no_alert, 200, vector_of(sample("1")));
  EXPECT_EQ(fires.found, answer::refuses);
  EXPECT_THAT(fires.message, HasSubstr("alert NodeDown"));
  EXPECT_THAT(judged(kind::no_alert, 200, vector_of(sample("1") + "," + sample("1"))).message, HasSubstr("1 more"));
}

TEST(prometheus, is_judged_by_the_values_of_a_query) {
  struct {
    const char* why;
    std::string elements;
    answer expected;
  } const rows[] = {
      {"a value", sample("3"), answer::holds},
      {"below zero is not zero", sample("-0.5"), answer::holds},
      {"no bound", sample("+Inf"), answer::holds},
      {"no result: the metric may be gone", "", answer::refuses},
      {"false, as of a comparison with bool", sample("0"), answer::refuses},
      {"one of two is false", sample("1") + "," + sample("0"), answer::refuses},
      {"a ratio of nothing", sample("NaN"), answer::refuses},
      {"no number", sample("three"), answer::silent},
      {"a number and more", sample("3x"), answer::silent},
      {"a native histogram", R"({"metric": {}, "histogram": [1, {}]})", answer::silent},
      {"no object", "5", answer::silent},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(judged(kind::query, 200, vector_of(row.elements)).found, row.expected) << row.why;
  }
}

TEST(prometheus, that_gives_no_whole_answer_is_silent_for_alerts_and_queries) {
  struct {
    const char* why;
    int status;
    std::string body;
  } const rows[] = {
      {"not what it asks for", 200, R"({"status": "success", "data": {"resultType": "scalar", "result": [1, "1"]}})"},
      {"a range", 200, R"({"status": "success", "data": {"resultType": "matrix", "result": []}})"},
      {"no result", 200, R"({"status": "success", "data": {"resultType": "vector"}})"},
      {"no data", 200, R"({"status": "success"})"},
      {"no status", 200, R"({"data": {"resultType": "vector", "result": []}})"},
      {"an error", 200, R"({"status": "error", "errorType": "bad_data", "error": "parse error"})"},
      {"a status that is none of success", 503, vector_of("")},
      {"a partial answer", 200, vector_of("", R"("warnings": ["store unreachable"], )")},
      {"another program", 200, "<html>log in</html>"},
      {"nothing", 200, ""},
      {"a list", 200, "[]"},
      {"an answer that was cut", 200, vector_of("").substr(0, 40)},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(judged(kind::no_alert, row.status, row.body).found, answer::silent) << row.why;
    EXPECT_EQ(judged(kind::query, row.status, row.body).found, answer::silent) << row.why;
  }
  EXPECT_THAT(judged(kind::query, 400, R"({"status": "error", "error": "parse error at 3"})").message,
              HasSubstr("the target: status 400: parse error at 3"));
}

}  // namespace
}  // namespace podmedic
