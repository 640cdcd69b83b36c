#include "base/proc_stat.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace podmedic {
namespace {

// As the kernel prints it, with starttime 123456 ticks.
const std::string numbers =
    " 1 5214 5214 0 -1 4194560 187 0 0 0 3 1 0 0 20 0 1 0 123456 2588672 240 18446744073709551615 "
    "94121 94122 140729 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 94123 94124 95000 140730 140731 0 0\n";

TEST(proc_stat, reads_state_parent_start_and_command) {
  const auto found = parse_proc_stat("5214 (nginx) S" + numbers);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->command, "nginx");
  EXPECT_EQ(found->state, 'S');
  EXPECT_EQ(found->parent, 1);
  EXPECT_EQ(found->started.time_since_epoch().count(), 123456LL * 1'000 / ::sysconf(_SC_CLK_TCK));
}

TEST(proc_stat, a_command_may_be_named_so_that_it_looks_like_other_fields) {
  const auto found = parse_proc_stat("5214 (a) Z 7 (b) S" + numbers);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->command, "a) Z 7 (b");
  EXPECT_EQ(found->state, 'S');
  EXPECT_EQ(found->parent, 1);
}

TEST(proc_stat, what_is_cut_or_no_such_line_is_nothing) {
  const std::string whole = "5214 (nginx) S" + numbers;
  const std::size_t after_start = whole.find("123456") + 6;
  for (std::size_t length = 0; length < after_start - 6; ++length) {
    EXPECT_FALSE(parse_proc_stat(whole.substr(0, length))) << length;
  }
  EXPECT_FALSE(parse_proc_stat("5214 nginx S" + numbers));
  EXPECT_FALSE(parse_proc_stat(")5214 (" + numbers));
}

TEST(proc_stat, of_no_process_is_nothing) {
  EXPECT_FALSE(read_proc_stat(0x7fffffff));
}

}  // namespace
}  // namespace podmedic
