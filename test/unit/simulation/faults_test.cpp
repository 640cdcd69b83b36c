#include "supervisor/simulation/faults.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmedic::simulation {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(faults, make_servers_ill) {
  plan what;
  mistakes found;
  read_fault("wedge:at=90s,share=25%,spread=2m,lasts=1.5h", what, found);
  read_fault("poison", what, found);
  read_fault("leak:every=40m", what, found);
  EXPECT_THAT(found, IsEmpty());
  ASSERT_THAT(what.illnesses, SizeIs(3));
  EXPECT_EQ(what.illnesses[0].what, illness::kind::wedge);
  EXPECT_EQ(what.illnesses[0].at, 90s);
  EXPECT_EQ(what.illnesses[0].share, 0.25);
  EXPECT_EQ(what.illnesses[0].spread, 2min);
  EXPECT_EQ(what.illnesses[0].lasts, 90min);
  EXPECT_EQ(what.illnesses[1].what, illness::kind::poison);
  EXPECT_EQ(what.illnesses[1].at, 60s);
  EXPECT_EQ(what.illnesses[2].every, 40min);
}

TEST(faults, make_podmedics_own_life_hard) {
  plan what;
  mistakes found;
  for (const char* text : {"crash:every=6h", "api:latency=50ms,failures=1%,conflicts=2%", "outage:at=10m,lasts=1m",
                           "partition:share=20%", "skew:most=2h"}) {
    read_fault(text, what, found);
  }
  EXPECT_THAT(found, IsEmpty());
  const troubles& t = what.troubled;
  EXPECT_EQ(t.crash_every, 6h);
  EXPECT_EQ(t.api_latency, 50ms);
  EXPECT_EQ(t.api_failures, 0.01);
  EXPECT_EQ(t.api_conflicts, 0.02);
  ASSERT_THAT(t.outages, SizeIs(1));
  EXPECT_EQ(t.outages[0].at, 10min);
  ASSERT_THAT(t.partitions, SizeIs(1));
  EXPECT_EQ(t.partitions[0].share, 0.2);
  EXPECT_EQ(t.skew, 2h);
}

TEST(faults, mistakes_name_the_column_and_what_was_meant) {
  struct row {
    const char* given;
    int column;
    const char* says;
  };
  for (const row& each : {
           row{"wegde", 1, "did you mean wedge?"},
           row{"meteor:at=1s", 1, "expected one of wedge, poison, leak"},
           row{"wedge:at=60", 10, "expected a time as 90s"},
           row{"wedge:at=-1s", 10, "expected a time as 90s"},
           row{"wedge:at=1s,share=2", 19, "expected a share from 0% to 100%"},
           row{"wedge:share=101%", 13, "expected a share from 0% to 100%"},
           row{"wedge:share=0%", 1, "leave the fault out"},
           row{"wedge:at=1s,lsats=3s", 13, "did you mean lasts?"},
           row{"poison:lasts=3s", 8, "unknown field of poison; it has at, spread, share"},
           row{"wedge:at=1s,at=2s", 13, "is given twice"},
           row{"wedge:at", 7, "expected FIELD=VALUE"},
           row{"wedge:", 7, "expected FIELD=VALUE"},
       }) {
    plan what;
    mistakes found;
    read_fault(each.given, what, found);
    ASSERT_THAT(found, SizeIs(1)) << each.given;
    EXPECT_EQ(found[0].column, each.column) << each.given;
    EXPECT_THAT(found[0].message, HasSubstr(each.says)) << each.given;
  }
}

TEST(faults, a_share_takes_in_so_many_replicas_spread_evenly_and_one_at_least) {
  const auto count = [](int replicas, double share) {
    plan what;
    what.replicas = replicas;
    int sum = 0;
    for (int i = 0; i < replicas; ++i) sum += is_in_share(what, share, i) ? 1 : 0;
    return sum;
  };
  EXPECT_EQ(count(10, 1), 10);
  EXPECT_EQ(count(10, 0.3), 3);
  EXPECT_EQ(count(49, 0.001), 1);
  EXPECT_EQ(count(10'000, 0.07), 700);
  plan ten;
  ten.replicas = 10;
  EXPECT_FALSE(is_in_share(ten, 0.5, 0));
  EXPECT_TRUE(is_in_share(ten, 0.5, 1));
  EXPECT_FALSE(is_in_share(ten, 0.5, 2));
}

}  // namespace
}  // namespace podmedic::simulation
