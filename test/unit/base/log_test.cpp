#include "base/log.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <regex>

namespace podmedic {
namespace {

std::string standard_error_of(const std::function<void()>& act) {
  testing::internal::CaptureStderr();
  act();
  return testing::internal::GetCapturedStderr();
}

TEST(log, a_text_line_has_time_level_message_and_fields) {
  log::open(log::format::text, log::level::info);
  const std::string line = standard_error_of([] { log::warning("probe fails", {{"probe", "engine"}}); });
  const std::regex expected(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warn  probe fails probe=engine\n)");
  EXPECT_TRUE(std::regex_match(line, expected)) << line;
}

TEST(log, a_value_cannot_break_out_of_its_line_or_its_field) {
  struct row {
    std::string_view value;
    std::string written;
  };
  const row rows[] = {
      {"connection refused", "\"connection refused\""},
      {"", "\"\""},
      {"a\nb", "\"a\\nb\""},  // no second line
      {"say \"no\"", "\"say \\\"no\\\"\""},
      {"x=1", "\"x=1\""},                 // no second field
      {"\x1b[31mred", "\\u001b[31mred"},  // no colours
      {"\xc2\x9b"
       "31m",
       "\\u009b31m"},  // nor by the eight-bit form of the same
      {"\x7f", "\\u007f"},
      {"größe", "größe"},
  };
  log::open(log::format::text, log::level::info);
  for (const row& each : rows) {
    const std::string line = standard_error_of([&] { log::info("m", {{"v", each.value}}); });
    EXPECT_TRUE(line.ends_with(" m v=" + each.written + "\n")) << line;
  }
}

TEST(log, a_json_line_is_one_object_even_where_a_value_is_no_utf_8) {
  log::open(log::format::json, log::level::info);
  const std::string line = standard_error_of([] { log::error("broken\nanswer", {{"body", "a\xff\"z"}}); });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  const auto object = nlohmann::json::parse(line);
  EXPECT_EQ(object["level"], "error");
  EXPECT_EQ(object["message"], "broken\nanswer");
  EXPECT_EQ(object["body"], "a\xef\xbf\xbd\"z");
  EXPECT_EQ(object["time"].get<std::string>().size(), 24u);
}

TEST(log, what_is_below_the_chosen_level_is_not_written) {
  log::open(log::format::text, log::level::warning);
  EXPECT_EQ(standard_error_of([] { log::info("quiet"); }), "");
  EXPECT_NE(standard_error_of([] { log::error("loud"); }), "");
}

}  // namespace
}  // namespace podmedic
