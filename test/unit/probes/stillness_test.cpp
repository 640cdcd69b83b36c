#include "probes/stillness.hpp"

#include <gtest/gtest.h>

namespace podmedic::probes {
namespace {

using namespace std::chrono_literals;

TEST(stillness, counts_from_the_last_movement_and_begins_anew_where_nobody_looked) {
  stillness still(10s);
  const struct {
    milliseconds at;
    bool moved;
    milliseconds expected;
    std::optional<milliseconds> unwatched;
  } rows[] = {
      {100s, false, 0s, {}},                           // the first look has nothing to compare with
      {105s, false, 5s, {}},  {115s, false, 15s, {}},  // just not too long
      {116s, true, 0s, {}},   {126s, false, 10s, {}},
      {137s, false, 0s, 11s},  // podmedic was stopped: that time does not count, nor what was before it
      {140s, false, 3s, {}},  {160s, true, 0s, {}},
      {161s, false, 1s, {}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(still.look(row.moved, row.at), row.expected) << row.at.count();
    EXPECT_EQ(still.unwatched(), row.unwatched) << row.at.count();
  }
}

}  // namespace
}  // namespace podmedic::probes
