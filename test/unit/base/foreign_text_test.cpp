#include "base/foreign_text.hpp"

#include <gtest/gtest.h>

namespace podmedic {
namespace {

TEST(foreign_text, becomes_one_bounded_line_of_printable_ascii) {
  EXPECT_EQ(foreign_text("queue full"), "queue full");
  EXPECT_EQ(foreign_text("  two\nlines\r\n"), "two lines");
  EXPECT_EQ(foreign_text("bell\a esc\x1b del\x7f"), "bell? esc? del?");
  EXPECT_EQ(foreign_text("caf\xc3\xa9 \xff"), "caf?? ?");  // half a character at the end would be no UTF-8
  EXPECT_EQ(foreign_text(std::string_view("a\0b", 3)), "a?b");
  EXPECT_EQ(foreign_text(" \n "), "");
  EXPECT_EQ(foreign_text("12345", 5), "12345");
  EXPECT_EQ(foreign_text("123456", 5), "12345...");
}

}  // namespace
}  // namespace podmedic
