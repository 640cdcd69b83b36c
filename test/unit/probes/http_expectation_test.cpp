#include "probes/http_expectation.hpp"

#include <gtest/gtest.h>

namespace podmedic::probes {
namespace {

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
