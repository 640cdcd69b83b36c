// In traffic nothing stays as the Drain hooks made it: a proxy that was told to fail its health check still does so
// after the restart of its neighbour, and after podmedic's own end.
#include "test/unit/policy/medic_driver.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace podmedic::policy {
namespace {

using test::driver;
using test::words;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

rules of_one_container() {
  rules use = driver::usual();
  use.probes[0].on_failure = remedy::restart_container;
  use.budget.restarts = 1;
  return use;
}

/// The container has been ended, and the kubelet has started it anew.
void restart_container(driver& d) {
  d.to_exit();
  d.later(seconds(1));
  d.feed(event::container_started{"engine", d.now()});
}

/// Podmedic's next life after its sudden end; the containers are those that the last one watched.
driver after_a_kill(const driver& d, book_found found = book_found::sound) {
  auto read = read_ledger(d.in().book().to_json());
  return driver({.use = d.in().use(), .book = std::get<ledger>(std::move(read)), .found = found, .damage = {}},
                d.now() + seconds(1));
}

TEST(UndoDrain, RunsWhenARestartedContainerPassesAndThePodIsInTrafficAgain) {
  driver d(of_one_container());
  restart_container(d);
  EXPECT_EQ(d.says_no(), words{}) << "a neighbour that is well again would draw clients to a server that is not";
  EXPECT_THAT(d.passes(), testing::AllOf(Contains("[ready]"), Contains("[undo drain]")));
  EXPECT_EQ(d.feed(event::drain_undone{true}), (words{"[save]"}));
  EXPECT_THAT(d.passes_for(seconds(30)), Not(Contains("[undo drain]"))) << "once";
}

TEST(UndoDrain, RunsWhereARestartDidNotHelpAndTheHoldReturnsThePodToTraffic) {
  driver d(of_one_container());
  restart_container(d);
  int undone = 0;
  for (int i = 0; i < 70 && d.in().scopes().back().in() != phase::holding; ++i) {
    d.later(seconds(1));
    const words said = d.hangs();
    undone += static_cast<int>(std::count(said.begin(), said.end(), "[undo drain]"));
  }
  EXPECT_EQ(undone, 1);
  EXPECT_EQ(d.in().scopes().back().in(), phase::holding);
  EXPECT_TRUE(d.in().ready());
  EXPECT_TRUE(d.in().book().drained_at) << "until it is heard that the hooks worked";
  d.feed(event::drain_undone{true});
  EXPECT_FALSE(d.in().book().drained_at);
}

TEST(UndoDrain, WaitsWhereTheHoldKeepsThePodOutOfTraffic) {
  rules use = of_one_container();
  use.hold = holding::unready;
  driver d(use);
  restart_container(d);
  d.feed(event::drain_undone{true});  // nothing was asked for
  EXPECT_TRUE(d.in().book().drained_at);
}

TEST(UndoDrain, IsTriedAgainWhereAHookFails) {
  driver d(of_one_container());
  restart_container(d);
  d.passes();
  EXPECT_EQ(d.feed(event::drain_undone{false}), words{});
  EXPECT_THAT(d.passes(), Not(Contains("[undo drain]")));
  const std::optional<instant> wake = d.in().wake_at(d.now());
  ASSERT_TRUE(wake);
  EXPECT_GE(*wake - d.now(), seconds(10));
  d.later(*wake - d.now());
  EXPECT_THAT(d.passes(), Contains("[undo drain]"));
}

TEST(UndoDrain, IsTheNextLifesWhereThisOneEndsInTheMiddleOfADrain) {
  driver d;
  d.to_waiting_or_drain();
  ASSERT_EQ(d.in().in(), phase::draining);
  driver next = after_a_kill(d);
  EXPECT_FALSE(next.in().wake_at(next.now())) << "it has begun";
  EXPECT_THAT(next.first_words(), ElementsAre("[ready]", "[save]", "[undo drain]"));
  next.feed(event::drain_undone{true});
  EXPECT_FALSE(next.in().book().drained_at);
}

TEST(UndoDrain, IsTheNextLifesAlsoInSafeModeAndInObserve) {
  driver d;
  d.to_waiting_or_drain();
  driver again = after_a_kill(d);
  for (int i = 0; i < 3; ++i) again = after_a_kill(again);
  EXPECT_TRUE(again.in().facts().safe_mode);
  EXPECT_THAT(again.first_words(), Contains("[undo drain]"));
}

TEST(UndoDrain, IsNotNeededWhereAllContainersWereRestarted) {
  driver d;
  d.to_exit();
  driver next = d.next_life();
  EXPECT_THAT(next.passes(), Not(Contains("[undo drain]")));
  EXPECT_FALSE(next.in().book().drained_at);
}

TEST(UndoDrain, IsNeededWhereTheRestartOfAllContainersDidNotHappen) {
  driver d;
  d.to_exit();
  EXPECT_THAT(d.next_life(fate::unchanged).first_words(), Contains("[undo drain]"));
}

TEST(UndoDrain, IsNotNeededAfterARebootOfTheNode) {
  driver d;
  d.to_waiting_or_drain();
  ledger book = d.in().book();
  book.move_to_boot("another boot");
  EXPECT_FALSE(book.drained_at);
}

TEST(UndoDrain, RunsWhereTheLedgerIsLostAndNobodyKnows) {
  driver d({.use = driver::usual(), .book = {}, .found = book_found::lost, .damage = "torn"});
  EXPECT_THAT(d.first_words(), Contains("[undo drain]"));
}

TEST(UndoDrain, OfAnEarlierDrainSaysNothingOfTheOneThatBeganSince) {
  driver d;
  d.to_waiting_or_drain();
  d.feed(event::drain_aborted{"a hook failed"});  // its Cancelled hooks are begun
  d.later(seconds(100));
  ASSERT_THAT(d.hangs(), Contains("[drain]"));
  d.feed(event::drain_undone{true});
  EXPECT_TRUE(d.in().book().drained_at);
}

TEST(UndoDrain, IsLeftAloneWhereThePodEnds) {
  driver d;
  d.to_waiting_or_drain();
  EXPECT_THAT(d.feed(event::stood_down{"the Pod is being deleted"}), Not(Contains("[undo drain]")));
}

}  // namespace
}  // namespace podmedic::policy
