#include "probes/metric_stream.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace podmedic::probes {
namespace {

metric_selector selector(const std::string& text) {
  const auto parsed = metric_selector::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(metric_selector{});
}

/// What a selector finds, in pieces of every size: it must be the same.
std::string found(const std::string& page, const std::string& wanted) {
  std::string first;
  for (std::size_t size = 1; size <= page.size() + 1; ++size) {
    metric_stream stream({selector(wanted)});
    for (std::size_t at = 0; at < page.size(); at += size) stream.take(std::string_view(page).substr(at, size));
    stream.finish();
    const auto value = value_of(selector(wanted), stream.found()[0]);
    const auto* why = std::get_if<diagnosis>(&value);
    const std::string text = why ? why->reason + ": " + why->message : std::to_string(std::get<double>(value));
    if (size == 1) first = text;
    EXPECT_EQ(text, first) << wanted << " in pieces of " << size;
  }
  return first;
}

const std::string page = R"(# HELP vllm:num_requests_running Number of requests in "execution\\n".
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="a",engine="0"} 3.0
vllm:num_requests_running{model_name="b",engine="0"} 4.0
# TYPE vllm:iteration_tokens_total histogram
vllm:iteration_tokens_total_bucket{le="1.0",model_name="a"} 5.0
vllm:iteration_tokens_total_bucket{le="+Inf",model_name="a"} 9.0
vllm:iteration_tokens_total_count{model_name="a"} 9.0
vllm:iteration_tokens_total_sum{model_name="a"} 118.0
vllm:iteration_tokens_total_created{model_name="a"} 1.7e9
)";

TEST(metric_stream, sums_the_label_sets_that_a_selector_chooses) {
  const struct {
    const char* wanted;
    const char* expected;
  } rows[] = {
      {"vllm:num_requests_running", "7.000000"},
      {"vllm:num_requests_running{}", "7.000000"},
      {"vllm:num_requests_running{model_name=\"a\"}", "3.000000"},
      {"vllm:num_requests_running{model_name!=\"a\"}", "4.000000"},
      {"vllm:num_requests_running{model_name=\"b\", engine=\"0\",}", "4.000000"},
      {"vllm:num_requests_running{rank=\"\"}", "7.000000"},  // a label that is not there is an empty one
      {"vllm:num_requests_running{rank!=\"\"}",
       "MetricMissing: none of the 2 label sets of vllm:num_requests_running is vllm:num_requests_running{rank!=\"\"}"},
      {"vllm:iteration_tokens_total_count", "9.000000"},
      {"vllm:iteration_tokens_total_bucket{le=\"+Inf\"}", "9.000000"},
      {"vllm:iteration_tokens", "MetricMissing: there is no vllm:iteration_tokens"},
      {"num_requests_running", "MetricMissing: there is no num_requests_running"},
  };
  for (const auto& row : rows) EXPECT_EQ(found(page, row.wanted), row.expected) << row.wanted;
}

TEST(metric_stream, reads_what_the_format_allows) {
  const struct {
    const char* line;
    const char* expected;  // of x
  } rows[] = {
      {"x 1", "1.000000"},  // without a line feed at the end
      {"x 1\r\nx 2\r\n", "3.000000"},
      {"\n\n  x\t 1 \n", "1.000000"},
      {"x 1 1395066363000\n", "1.000000"},
      {"x{ a = \"b\" , c=\"d\" , } 1\n", "1.000000"},
      {"x{a=\"b\"}1\n", "1.000000"},
      {"x{} 2\n", "2.000000"},
      {"x{a=\"} 7 \\\" \\\\\"} 2\n", "2.000000"},
      {"x 1e+06\n", "1000000.000000"},
      {"x +5\n", "5.000000"},
      {"x -.5\n", "-0.500000"},
      {"x 9 # {trace_id=\"x 5\"} 0.67 1.5\n# EOF\n", "9.000000"},  // OpenMetrics: an exemplar
      {"# TYPE x gauge\n", "0.000000"},                            // known, and nothing has happened yet
      {"# TYPE\n# \n#\n#x 5\nx 1\n", "1.000000"},
      {"xy 5\nx_total 5\n_x 5\nx 1\n", "1.000000"},
      {"x.y 5\n{\"x y\",a=\"b\"} 5\nx 1\n", "1.000000"},  // names in UTF-8 are others
      {"y{x=\"\\n\nx 5\n", "5.000000"},                   // a broken line of another metric
      {"", "MetricMissing: there is no x"},
      {"x NaN\n", "MetricNotRead: x is no finite number"},
      {"x +Inf\n", "MetricNotRead: x is no finite number"},
      {"x\n", "MetricNotRead: this line is no metric: x"},
      {"x one\nx 1\n", "MetricNotRead: this line is no metric: x one"},
      {"x 1x\n", "MetricNotRead: this line is no metric: x 1x"},
      {"x{a=\"b\n", "MetricNotRead: this line is no metric: x{a=\"b"},
      {"x{a=b} 1\n", "MetricNotRead: this line is no metric: x{a=b} 1"},
      {"x{a=\"b\" c=\"d\"} 1\n", "MetricNotRead: this line is no metric: x{a=\"b\" c=\"d\"} 1"},
      {"x{=\"b\"} 1\n", "MetricNotRead: this line is no metric: x{=\"b\"} 1"},
  };
  for (const auto& row : rows) EXPECT_EQ(found(row.line, "x"), row.expected) << row.line;
}

TEST(metric_stream, knows_a_counter_before_its_first_event_by_its_family) {
  EXPECT_EQ(found("# TYPE x_total counter\n", "x_total"), "0.000000");  // 0.0.4
  EXPECT_EQ(found("# TYPE x counter\n", "x_total"), "0.000000");        // OpenMetrics
  EXPECT_EQ(found("# TYPE x histogram\n", "x_count"), "0.000000");
  EXPECT_EQ(found("# TYPE x counter\n", "x_y"), "MetricMissing: there is no x_y");
}

TEST(metric_stream, compares_labels_after_their_escapes) {
  const std::string lines = "x{path=\"C:\\\\a\\n\\\"b\\\"\\q\"} 5\n";
  EXPECT_EQ(found(lines, "x{path=\"C:\\\\a\\n\\\"b\\\"\\\\q\"}"), "5.000000");
}

TEST(metric_stream, passes_over_lines_that_are_too_long_and_says_so_of_its_own) {
  const std::string label(metric_stream::longest_line, 'v');
  for (const std::size_t size : {std::size_t{1000}, std::size_t{16384}, std::size_t{1} << 20}) {
    metric_stream stream({selector("x"), selector("y")});
    const std::string lines = "y{a=\"" + label + "\"} 1\nx 5\n";
    for (std::size_t at = 0; at < lines.size(); at += size) stream.take(std::string_view(lines).substr(at, size));
    stream.finish();
    EXPECT_EQ(std::get<double>(value_of(selector("x"), stream.found()[0])), 5);
    EXPECT_THAT(std::get<diagnosis>(value_of(selector("y"), stream.found()[1])).message,
                testing::StartsWith("this line is no metric: y{a=\"vvv"));
  }
}

TEST(metric_stream, serves_several_selectors_of_one_metric) {
  metric_stream stream({selector("x{a=\"1\"}"), selector("x"), selector("y")});
  stream.take("x{a=\"1\"} 1\nx{a=\"2\"} 2\ny 4\n");
  EXPECT_EQ(stream.found()[0].sum, 1);
  EXPECT_EQ(stream.found()[1].sum, 3);
  EXPECT_EQ(stream.found()[2].sum, 4);
}

TEST(metric_selector, is_written_as_in_promql) {
  for (const char* text : {"x", "a:b_c", "x{a=\"b\"}", "x{a=\"b\",c!=\"d\\\"e\\\\\\n\"}"}) {
    EXPECT_EQ(selector(text).to_text(), text);
  }
  EXPECT_EQ(selector(" x { a = \"b\" } ").to_text(), "x{a=\"b\"}");
  for (const char* none :
       {"", "1x", "x y", "x{", "x{a}", "x{a=b}", "x{a=\"b\"", "x{a=~\"b\"}", "x{a!~\"b\"}", "{a=\"b\"}", "x{a=\"b\"} 1",
        "x{a=\"b\" c=\"d\"}", "x{a=\"b}", "rate(x[5m])", "x{,}", "x{a:b=\"c\"}"}) {
    EXPECT_FALSE(metric_selector::parse(none)) << none;
  }
}

}  // namespace
}  // namespace podmedic::probes
