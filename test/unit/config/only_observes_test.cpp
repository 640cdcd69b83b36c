#include "small_kinds.hpp"

#include <gmock/gmock.h>

namespace podmedic::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(probe_that_no_restart_helps, may_only_observe) {
  const auto read = [](const std::string& value) { return parse({{"probe.podmedic.io/x", value}}); };
  const configuration silent = read("process: {uninterruptibleSeconds: 60}");
  EXPECT_THAT(texts_of(silent.found), IsEmpty());
  ASSERT_EQ(silent.rules.probes.size(), 1U);
  EXPECT_EQ(silent.rules.probes[0].on_failure, policy::remedy::observe);
  EXPECT_THAT(texts_of(read("{process: {uninterruptibleSeconds: 60}, onFailure: Drain}").found),
              ElementsAre(HasSubstr("onFailure: only Observe: no signal ends an uninterruptible sleep")));
  EXPECT_EQ(read("process: {spinningSeconds: 60}").rules.probes[0].on_failure, policy::remedy::restart_all_containers);
}

}  // namespace
}  // namespace podmedic::config
