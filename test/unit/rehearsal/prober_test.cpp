#include "supervisor/rehearsal/prober.hpp"

#include <gtest/gtest.h>

namespace podmedic::rehearsal {
namespace {

TEST(probe_threshold, tells_a_result_when_enough_checks_in_a_row_agree) {
  probe_manifest probe{};
  probe.success_threshold = 2;
  probe.failure_threshold = 3;
  probe_threshold threshold(probe);
  const verdict good = pass{};
  const verdict bad = fail{};
  const verdict nothing = unknown{};
  struct {
    verdict found;
    std::optional<bool> expected;
  } const checks[] = {
      {good, std::nullopt}, {good, true},         {good, true},             // and goes on telling it
      {bad, std::nullopt},  {bad, std::nullopt},  {nothing, std::nullopt},  // neither counts nor interrupts
      {bad, false},         {good, std::nullopt}, {bad, std::nullopt},      // one good check began the count anew
  };
  for (const auto& check : checks) EXPECT_EQ(threshold.add(check.found), check.expected);
}

}  // namespace
}  // namespace podmedic::rehearsal
