#include "probes/http_expectation.hpp"

#include <gtest/gtest.h>

namespace podmedic::probes {
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

TEST(text_search, finds_a_text_wherever_the_pieces_end) {
  const std::string body = "ababac is here";
  for (std::size_t size = 1; size <= body.size(); ++size) {
    text_search search("abac"), other("abad");
    for (std::size_t at = 0; at < body.size(); at += size) {
      search.take(body.substr(at, size));
      other.take(body.substr(at, size));
    }
    EXPECT_TRUE(search.found()) << size;
    EXPECT_FALSE(other.found()) << size;
  }
}

TEST(text_search, finds_no_text_at_once_and_nothing_in_nothing) {
  EXPECT_TRUE(text_search("").found());
  text_search search("x");
  search.take("");
  EXPECT_FALSE(search.found());
}

}  // namespace
}  // namespace podmedic::probes
