#include "supervisor/policy/evidence.hpp"

#include <gmock/gmock.h>

namespace podmedic::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t small = 1000;
constexpr std::size_t full = evidence_bounds::of_restart;

TEST(evidence, of_the_last_five_restarts_is_kept_and_the_oldest_goes) {
  std::vector<evidence> kept;
  for (std::uint64_t number = 1; number <= 5; ++number) kept.push_back({number, small, true});
  EXPECT_THAT(evidence_to_remove(kept), IsEmpty());
  kept.push_back({6, small, true});
  EXPECT_THAT(evidence_to_remove(kept), ElementsAre(1));
  EXPECT_THAT(evidence_to_remove({}), IsEmpty());
}

TEST(evidence, of_the_first_restart_of_a_chain_without_recovery_outlives_later_ones_of_it) {
  // 2 saw the illness itself; 3 to 7 saw what restarts had left of it
  std::vector<evidence> kept{{1, small, true}, {2, small, true}};
  for (std::uint64_t number = 3; number <= 7; ++number) kept.push_back({number, small, false});
  EXPECT_THAT(evidence_to_remove(kept), ElementsAre(1, 3));
  // after a recovery the old chain is like any other
  kept.push_back({8, small, true});
  EXPECT_THAT(evidence_to_remove(kept), ElementsAre(1, 2, 3));
}

TEST(evidence, that_is_too_much_in_all_goes_but_for_the_first_and_the_newest) {
  EXPECT_THAT(evidence_to_remove({{1, full, true}, {2, full, true}}), IsEmpty());
  EXPECT_THAT(evidence_to_remove({{1, full, true}, {2, full, true}, {3, small, true}}), ElementsAre(1));
  EXPECT_THAT(evidence_to_remove({{1, full, true}, {2, full, false}, {3, full, false}}), ElementsAre(2));
  // what cannot be: the newest stays
  EXPECT_THAT(evidence_to_remove({{1, SIZE_MAX, false}, {2, SIZE_MAX, false}}), ElementsAre(1));
}

TEST(evidence, is_sorted_out_whatever_the_order_it_was_found_in) {
  EXPECT_THAT(evidence_to_remove({{6, 1, true}, {2, 1, true}, {4, 1, true}, {3, 1, true}, {1, 1, true}, {5, 1, true}}),
              ElementsAre(1));
}

TEST(evidence, of_a_file_is_cut_at_one_mebibyte_and_where_the_restart_has_no_room_left) {
  EXPECT_EQ(evidence_room(0), evidence_bounds::of_file);
  EXPECT_EQ(evidence_room(full - 10), 10u);
  EXPECT_EQ(evidence_room(full), 0u);
  EXPECT_EQ(evidence_room(full + 1), 0u);
}

TEST(evidence, has_a_name_that_is_a_file_name_whatever_the_reason) {
  struct row {
    std::uint64_t number;
    std::string reason;
    std::string name;
  };
  const row rows[] = {
      {7, "ProbeTimedOut", "7-ProbeTimedOut"},
      {1, "", "1-Restart"},
      {2, "../../etc/x\n", "2-etcx"},
      {3, "\xff\xfe", "3-Restart"},
      {18446744073709551615u, std::string(100, 'a'), "18446744073709551615-" + std::string(40, 'a')},
  };
  for (const row& each : rows) {
    EXPECT_EQ(evidence_name(each.number, each.reason), each.name);
    EXPECT_EQ(evidence_number(each.name), each.number);
  }
}

TEST(evidence, is_not_what_has_another_name) {
  for (const std::string_view name : {"", "7", "7-", "-7-A", "0-A", "7-A/..", "7-A.tmp", "7 -A", "x-A", "called-off",
                                      ".", "18446744073709551616-A"}) {
    EXPECT_EQ(evidence_number(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace podmedic::policy
