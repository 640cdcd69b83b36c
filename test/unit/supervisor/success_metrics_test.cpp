#include "supervisor/success_metrics.hpp"

#include <gmock/gmock.h>

namespace podmedic {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

config::success_metric asked(std::optional<double> at_most, std::optional<double> at_least, bool ratio = false) {
  config::success_metric one;
  one.metric = *probes::metric_selector::parse("errors{code=\"500\"}");
  if (ratio) one.per = probes::metric_selector::parse("requests");
  one.at_most = at_most;
  one.at_least = at_least;
  return one;
}

policy::event::success_metrics_read::one judged(const config::success_metric& of, const std::string& page) {
  std::vector<probes::metric_selector> wanted{of.metric};
  if (of.per) wanted.push_back(*of.per);
  probes::metric_stream stream(wanted);
  stream.take(page);
  stream.finish();
  return judge_metric(of, stream.found());
}

TEST(a_success_metric, is_held_against_its_bounds) {
  struct {
    std::optional<double> at_most, at_least;
    bool kept;
  } const rows[] = {{3, {}, true}, {2.9, {}, false}, {{}, 3, true}, {{}, 3.1, false}, {4, 2, true}, {2, 1, false}};
  for (const auto& row : rows) {
    const auto found = judged(asked(row.at_most, row.at_least), "errors{code=\"500\"} 3\n");
    EXPECT_EQ(found.value, 3);
    EXPECT_EQ(found.why_not.empty(), row.kept) << found.why_not;
  }
  EXPECT_EQ(judged(asked(2, {}), "errors{code=\"500\"} 3\n").why_not, "errors{code=\"500\"} is 3, atMost is 2");
}

TEST(a_success_metric, is_a_share_of_another_one) {
  const std::string page = "errors{code=\"500\"} 3\nrequests{path=\"/a\"} 50\nrequests{path=\"/b\"} 10\n";
  EXPECT_EQ(judged(asked(0.05, {}, true), page).value, 0.05);
  EXPECT_THAT(judged(asked(0.05, {}, true), page).why_not, IsEmpty());
  EXPECT_THAT(judged(asked(0.04, {}, true), page).why_not, HasSubstr("errors{code=\"500\"} / requests is 0.05"));
}

TEST(a_success_metric, of_which_nothing_has_been_counted_yet_is_zero) {
  EXPECT_EQ(judged(asked(0, {}), "errors{code=\"404\"} 9\n").value, 0)
      << "no such label set, of a metric that is there";
  EXPECT_EQ(judged(asked(0, {}), "# TYPE errors counter\n").value, 0);
  const auto no_requests = judged(asked(0.1, {}, true), "errors{code=\"500\"} 0\nrequests 0\n");
  EXPECT_EQ(no_requests.value, std::nullopt);
  EXPECT_THAT(no_requests.why_not, IsEmpty()) << "nothing speaks against recovery";
}

TEST(a_success_metric, that_cannot_be_read_keeps_no_bound) {
  for (const char* page : {"", "other 1\n", "errors{code=\"500\"} many\n", "errors{code=\"500\"} NaN\n"}) {
    const auto found = judged(asked(1, {}), page);
    EXPECT_EQ(found.value, std::nullopt) << page;
    EXPECT_THAT(found.why_not, HasSubstr("errors{code=\"500\"}")) << page;
  }
  EXPECT_THAT(judged(asked(1, {}, true), "errors{code=\"500\"} 1\n").why_not, HasSubstr("there is no requests"));
}

}  // namespace
}  // namespace podmedic
