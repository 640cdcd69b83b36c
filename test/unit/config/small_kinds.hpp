#pragma once
#include "supervisor/config/parts.hpp"

#include <gtest/gtest.h>

/// Probe and hook kinds with a field or two, so that the tests of the annotations do not hang on the real ones.
namespace podmedic::config {

inline probes::spec read_near(fields& own) {
  const int port = own.required_port("port");
  own.finish();
  return {"near " + std::to_string(port), true, nullptr};
}
inline probes::spec read_far(fields& own) {
  const std::string host = own.required_text("host");
  own.finish();
  return {"far " + host, false, nullptr};
}
inline hooks::spec read_call(fields& own) {
  const std::string url = own.required_text("url");
  own.finish();
  return {"call " + url, nullptr};
}

inline constexpr probes::kind small_probe_kinds[] = {
    {"near", probes::traffic::unready, read_near},
    {"calm", probes::traffic::in_service, read_near},
    {"far", probes::traffic::unready, read_far},
    {"later", probes::traffic::unready, nullptr},
};
inline constexpr hooks::kind small_hook_kinds[] = {{"call", read_call}, {"shout", read_call}};

inline configuration parse_small(const annotations& given) {
  return parse_with(given, small_probe_kinds, small_hook_kinds);
}
inline configuration parse_policy(const std::string& value) {
  return parse_small({{"podmedic.io/policy", value}});
}

/// The mistakes as people read them.
inline std::vector<std::string> texts_of(const mistakes& found) {
  std::vector<std::string> texts;
  for (const mistake& each : found) texts.push_back(each.to_text());
  return texts;
}

/// A row of a table of mistakes: a value, and its only mistake.
struct mistake_row {
  std::string value;
  int line;
  int column;
  std::string field;
  std::string message;  ///< a part of it
};
inline void expect_only(const mistakes& found, const std::string& source, const mistake_row& row) {
  ASSERT_EQ(found.size(), 1U) << row.value << testing::PrintToString(texts_of(found));
  EXPECT_EQ(found[0].source, source) << row.value;
  EXPECT_EQ(found[0].line, row.line) << row.value;
  EXPECT_EQ(found[0].column, row.column) << row.value;
  EXPECT_EQ(found[0].field, row.field) << row.value;
  EXPECT_NE(found[0].message.find(row.message), std::string::npos) << row.value << '\n' << found[0].message;
}

}  // namespace podmedic::config
