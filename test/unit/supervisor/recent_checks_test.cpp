#include "supervisor/recent_checks.hpp"

#include <gtest/gtest.h>

namespace podmedic {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(recent_checks, tells_the_oldest_first) {
  recent_checks seen;
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(seen.verdicts(), "");
  EXPECT_EQ(seen.seconds(), "");
  seen.add(0, microseconds(1234));
  seen.add(1, milliseconds(1000));
  seen.add(2, milliseconds(0));
  EXPECT_FALSE(seen.empty());
  EXPECT_EQ(seen.verdicts(), "PFU");
  EXPECT_EQ(seen.seconds(), "0.00123 1 0");
}

TEST(recent_checks, keeps_the_last_sixty_alone) {
  recent_checks seen;
  for (int i = 0; i < 61; ++i) seen.add(1, milliseconds(9));
  for (int i = 0; i < 59; ++i) seen.add(0, milliseconds(2));
  EXPECT_EQ(seen.verdicts(), "F" + std::string(59, 'P'));
  EXPECT_EQ(seen.seconds().substr(0, 13), "0.009 0.002 0");
}

TEST(recent_checks, takes_any_length) {
  recent_checks seen;
  seen.add(0, milliseconds(-1));
  seen.add(0, std::chrono::hours(24));
  EXPECT_EQ(seen.seconds(), "0 1.07e+03");
  EXPECT_LE(sizeof seen, 256U) << "there is one for each probe";
}

}  // namespace
}  // namespace podmedic
