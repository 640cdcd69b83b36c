#include "base/status_ranges.hpp"

#include <gtest/gtest.h>

namespace podmedic {
namespace {

TEST(status_ranges, hold_single_codes_and_ranges_with_both_ends) {
  const auto ranges = status_ranges::parse("200, 204,300-399");
  ASSERT_TRUE(ranges);
  for (const int in : {200, 204, 300, 350, 399}) EXPECT_TRUE(ranges->contains(in)) << in;
  for (const int out : {199, 201, 299, 400, 0, -1}) EXPECT_FALSE(ranges->contains(out)) << out;
}

TEST(status_ranges, are_nothing_else) {
  for (const char* wrong : {"", ",", "200,", "-", "200-", "-200", "399-200", "99", "600", "2xx", "200 204", "+200",
                            "200-300-400", "99999999999999999999"}) {
    EXPECT_FALSE(status_ranges::parse(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace podmedic
