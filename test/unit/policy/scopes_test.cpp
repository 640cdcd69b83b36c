// One lifecycle a scope, one arbiter: what a container's restart and the Pod's have to do with each other.
#include "supervisor/policy/medic.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace podmedic::policy {
namespace {

using testing::Contains;
using testing::Not;

class two_scopes : public testing::Test {
 protected:
  two_scopes() {
    rules use;
    use.in_mode = mode::enforce;
    use.probes = {{.name = "engine", .container = "engine", .failure_threshold = 1},
                  {.name = "shipper",
                   .container = "shipper",
                   .failure_threshold = 1,
                   .on_failure = remedy::restart_container,
                   .while_waiting = waiting::in_service}};
    use.budget.restarts = 2;
    medic_.emplace(medic::beginning{.use = use, .book = {}}, now_);
    for (const char* probe : {"engine", "shipper"}) feed(event::check_done{probe, pass{}});
  }

  std::vector<any_action> feed(const any_event& happened) {
    now_ += milliseconds(100);
    return medic_->step(happened, now_, wall_time(now_.time_since_epoch()));
  }
  /// Fails it until that is confirmed.
  std::vector<any_action> ail(const std::string& probe) {
    feed(event::check_done{probe, fail{{"TimedOut", "no answer"}}});
    return feed(event::check_done{probe, fail{{"TimedOut", "no answer"}}});
  }
  std::vector<any_action> restart_all_the_way() {
    feed(event::drained{});
    feed(event::diagnosed{});
    feed(event::committed{});
    return feed(event::quiesced{});
  }
  phase in(std::string_view scope) const {
    const auto found = std::find_if(medic_->scopes().begin(), medic_->scopes().end(),
                                    [&](const lifecycle& s) { return s.scope() == scope; });
    return found->in();
  }
  std::vector<std::string> refusals_of(std::string_view scope) const {
    std::vector<std::string> reasons;
    for (const lifecycle& s : medic_->scopes()) {
      if (s.scope() != scope) continue;
      for (const refusal& r : s.refusals(now_, {})) reasons.push_back(r.why.reason);
    }
    return reasons;
  }
  static std::string restarted(const std::vector<any_action>& actions) {
    for (const any_action& a : actions) {
      if (const auto* r = std::get_if<action::restart>(&a)) return r->scope;
    }
    return "";
  }

  instant now_{std::chrono::hours(1)};
  std::optional<medic> medic_;
};

TEST_F(two_scopes, TheContainersFailureLeavesThePodsLifecycleAlone) {
  ail("shipper");
  EXPECT_EQ(in("shipper"), phase::draining);
  EXPECT_EQ(in("Pod"), phase::watching);
}

TEST_F(two_scopes, ARestartOfAContainerNamesItAndGoesOnInTheSameLife) {
  ail("shipper");
  EXPECT_EQ(restarted(restart_all_the_way()), "shipper");
  EXPECT_EQ(in("shipper"), phase::recovering);
  EXPECT_EQ(medic_->book().last()->scope, "shipper");
  EXPECT_FALSE(medic_->book().lives.back().clean);
}

TEST_F(two_scopes, TheArbiterLetsNoOtherScopeBeginWhileOneIsUnderWay) {
  ail("shipper");
  ail("engine");
  EXPECT_EQ(in("Pod"), phase::waiting);
  EXPECT_THAT(refusals_of("Pod"), Contains("AnotherRestart"));
  EXPECT_THAT(refusals_of("shipper"), Not(Contains("AnotherRestart")));
}

TEST_F(two_scopes, BudgetAndBackOffCountTheRestartsOfEveryScope) {
  ail("shipper");
  restart_all_the_way();
  ail("engine");
  EXPECT_THAT(refusals_of("Pod"), Contains("BackOff"));
  now_ += minutes(10);
  feed(event::check_done{"engine", fail{{"TimedOut", "no answer"}}});
  EXPECT_EQ(restarted(restart_all_the_way()), "Pod");
  EXPECT_THAT(refusals_of("shipper"), Contains("BudgetSpent"));
}

TEST_F(two_scopes, StandDownEndsAllOfThem) {
  ail("shipper");
  feed(event::stood_down{"test"});
  EXPECT_EQ(in("shipper"), phase::standing_down);
  EXPECT_EQ(in("Pod"), phase::standing_down);
  EXPECT_EQ(restarted(restart_all_the_way()), "");
}

}  // namespace
}  // namespace podmedic::policy
