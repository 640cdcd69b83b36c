#include "probes/sample_text.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace podmedic::probes {
namespace {

TEST(sample_text, is_a_line_of_words_and_reads_back) {
  const std::string line =
      sample_text().add("pending", std::int64_t{3}).add("counter", 1.5).add("path", "a b%=\n").to_text();
  EXPECT_EQ(line, "counter=1.5 path=a%20b%25=%0A pending=3");
  const sample_text read(line);
  EXPECT_EQ(read.integer("pending"), 3);
  EXPECT_EQ(read.number("counter"), 1.5);
  EXPECT_EQ(read.text("path"), "a b%=\n");
  EXPECT_TRUE(read.has("pending"));
  EXPECT_FALSE(read.has("depth"));
  EXPECT_EQ(read.to_text(), line);
}

TEST(sample_text, takes_nothing_for_a_sample_that_is_none) {
  EXPECT_THROW(sample_text("pending"), std::invalid_argument);
  EXPECT_THROW(sample_text("=3"), std::invalid_argument);
  EXPECT_THROW(sample_text("a=1 a=2"), std::invalid_argument);
  const sample_text read("word=three broken=%4 percent=%zz");
  EXPECT_THROW(read.integer("word"), std::invalid_argument);
  EXPECT_THROW(read.integer("missing"), std::invalid_argument);
  EXPECT_THROW(read.text("broken"), std::invalid_argument);
  EXPECT_THROW(read.text("percent"), std::invalid_argument);
}

}  // namespace
}  // namespace podmedic::probes
