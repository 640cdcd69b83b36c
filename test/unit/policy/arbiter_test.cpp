#include "supervisor/policy/arbiter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace podmedic::policy {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;
namespace calendar = std::chrono;

constexpr instant now{hours(100)};
/// Wednesday, 2026-12-02 12:00 UTC.
constexpr wall_time noon = calendar::sys_days{calendar::year{2026} / 12 / 2} + hours(12);

/// A Pod that may restart: every row of the tests below changes it.
struct situation {
  rules use{.in_mode = mode::enforce,
            .paused_until = {},
            .probes = {},
            .back_off = {.base = seconds(10), .cap = seconds(600)},
            .budget = {.restarts = 5, .window = seconds(3600)}};
  ledger book;
  circumstances facts;
  wish wanted;

  void restarted(milliseconds ago, outcome ended, milliseconds wait = seconds(10)) {
    restart_record r;
    r.at = now - ago;
    r.ended = ended;
    r.wait_after = wait;
    r.exited = true;
    book.add(r);
  }
  std::vector<std::string> reasons() const {
    std::vector<std::string> all;
    for (const refusal& r : ask(use, book, facts, wanted, now, noon)) all.push_back(r.why.reason);
    return all;
  }
};

TEST(Arbiter, ForbidsNothingToAHealthyPodInEnforce) {
  EXPECT_THAT(situation{}.reasons(), IsEmpty());
}

TEST(Arbiter, GivesEachRefusalByItself) {
  struct row {
    const char* reason;
    std::function<void(situation&)> make;
    bool ends_by_itself;
    bool holds;
  };
  const std::vector<row> rows{
      {"SafeMode", [](situation& s) { s.facts.safe_mode = true; }, false, false},
      {"ObserveMode", [](situation& s) { s.use.in_mode = mode::observe; }, false, false},
      {"Paused", [](situation& s) { s.use.paused_until = noon + milliseconds(1); }, false, false},
      {"RestartNotSupported", [](situation& s) { s.facts.can_restart = support::missing; }, false, false},
      {"LedgerLost", [](situation& s) { s.book.distrusted_until = now + milliseconds(1); }, true, false},
      {"LedgerUnwritable", [](situation& s) { s.facts.unwritable_until = now + milliseconds(1); }, true, false},
      {"RestartsDoNotHelp",
       [](situation& s) {
         for (int i = 3; i > 0; --i) s.restarted(hours(2 * i), outcome::relapsed);
       },
       false, true},
      {"BudgetSpent",
       [](situation& s) {
         for (int i = 5; i > 0; --i) s.restarted(minutes(10 * i), outcome::recovered);
       },
       false, true},
      {"BackOff", [](situation& s) { s.restarted(seconds(9), outcome::recovered); }, true, false},
      {"OutsideWindow", [](situation& s) { s.use.windows = {{0, 60}}; }, false, false},
      {"RestartWouldHarm", [](situation& s) { s.wanted.makes_worse = {"half a certificate"}; }, false, false},
  };
  for (const row& r : rows) {
    situation s;
    r.make(s);
    const auto all = ask(s.use, s.book, s.facts, s.wanted, now, noon);
    ASSERT_THAT(s.reasons(), ElementsAre(r.reason));
    EXPECT_EQ(all[0].until.has_value(), r.ends_by_itself) << r.reason;
    EXPECT_EQ(all[0].hold, r.holds) << r.reason;
    EXPECT_EQ(pass_by_themselves(all), r.ends_by_itself) << r.reason;
  }
}

TEST(Arbiter, EndsEachRefusalAtItsTime) {
  struct row {
    const char* why;
    std::function<void(situation&)> make;
  };
  const std::vector<row> rows{
      {"a pause that is over", [](situation& s) { s.use.paused_until = noon; }},
      {"distrust that is over", [](situation& s) { s.book.distrusted_until = now; }},
      {"a disk that may be tried again", [](situation& s) { s.facts.unwritable_until = now; }},
      {"support that is not known", [](situation& s) { s.facts.can_restart = support::unverified; }},
      {"a wait that is over", [](situation& s) { s.restarted(seconds(10), outcome::recovered); }},
      {"a window's first minute",
       [](situation& s) { s.use.windows = {{2 * 24 * 60 + 12 * 60, 2 * 24 * 60 + 12 * 60 + 1}}; }},
      {"a restart that left the window",
       [](situation& s) {
         s.use.budget.restarts = 1;
         s.restarted(seconds(3600), outcome::recovered);
       }},
  };
  for (const row& r : rows) {
    situation s;
    r.make(s);
    EXPECT_THAT(s.reasons(), IsEmpty()) << r.why;
  }
}

TEST(Arbiter, NamesAllRefusalsSoThatNoneHidesAnother) {
  situation s;
  s.facts = {
      .can_restart = support::missing, .why_not = "no rule", .safe_mode = true, .unwritable_until = now + seconds(1)};
  s.use.in_mode = mode::observe;
  s.use.paused_until = noon + hours(1);
  s.use.windows = {{0, 60}};
  s.use.budget.restarts = 3;
  s.book.distrusted_until = now + seconds(1);
  s.wanted.makes_worse = {"half a certificate"};
  for (int i = 3; i > 0; --i) s.restarted(seconds(i), outcome::relapsed);
  EXPECT_THAT(s.reasons(),
              ElementsAre("SafeMode", "ObserveMode", "Paused", "RestartNotSupported", "LedgerLost", "LedgerUnwritable",
                          "RestartsDoNotHelp", "BudgetSpent", "BackOff", "OutsideWindow", "RestartWouldHarm"));
  const auto all = ask(s.use, s.book, s.facts, s.wanted, now, noon);
  EXPECT_EQ(reasons_of(all),
            "SafeMode ObserveMode Paused RestartNotSupported LedgerLost LedgerUnwritable RestartsDoNotHelp "
            "BudgetSpent BackOff OutsideWindow RestartWouldHarm");
  for (const refusal& r : all) EXPECT_THAT(messages_of(all), testing::HasSubstr(r.why.message));
  EXPECT_FALSE(pass_by_themselves(all));
}

TEST(Arbiter, SaysHowMuchAndHowLong) {
  situation s;
  s.use.budget.restarts = 2;
  s.restarted(minutes(2), outcome::recovered);
  s.restarted(seconds(2), outcome::recovered, milliseconds(9500));
  EXPECT_EQ(messages_of(ask(s.use, s.book, s.facts, s.wanted, now, noon)),
            "2 restarts within 3600 s, of 2 allowed; the next restart may come in 7.5 s");
}

TEST(Arbiter, SparesARequestEscalationAndNothingElse) {
  situation s;
  for (int i = 3; i > 0; --i) s.restarted(hours(2 * i), outcome::relapsed);
  s.wanted.by_request = true;
  EXPECT_THAT(s.reasons(), IsEmpty());
  s.use.in_mode = mode::observe;
  s.use.budget.restarts = 0;
  EXPECT_THAT(s.reasons(), ElementsAre("ObserveMode", "BudgetSpent"));
}

TEST(Arbiter, CountsWhatWasWrittenDownInTheBudgetEvenIfItWasNotCarriedOut) {
  situation s;
  for (const outcome o :
       {outcome::pending, outcome::recovered, outcome::relapsed, outcome::not_executed, outcome::not_honoured}) {
    s.restarted(seconds(1), o);
  }
  EXPECT_EQ(spent(s.use.budget, s.book, now), 5);
}

TEST(Arbiter, CountsAnEntryFromTheFutureAsSpent) {
  situation s;
  s.restarted(-hours(1), outcome::recovered);
  EXPECT_EQ(spent(s.use.budget, s.book, now), 1);
}

TEST(Arbiter, NeverAllowsMoreThanTheLedgerCanRemember) {
  situation s;
  s.use.budget.restarts = 1'000'000;
  for (std::size_t i = 0; i < 2 * ledger::most_restarts; ++i) s.restarted(seconds(60), outcome::recovered);
  EXPECT_THAT(s.reasons(), ElementsAre("BudgetSpent"));
}

TEST(Arbiter, CountsRestartsWithoutRecoverySinceTheLastOne) {
  using o = outcome;
  struct row {
    std::vector<outcome> of;
    std::optional<int> healed_after;  ///< so many of them
    int expected;
  };
  const std::vector<row> rows{
      {{}, {}, 0},
      {{o::pending}, {}, 1},
      {{o::recovered}, {}, 0},
      {{o::relapsed, o::relapsed}, {}, 2},
      {{o::relapsed, o::recovered, o::relapsed}, {}, 1},
      {{o::relapsed, o::not_executed, o::relapsed}, {}, 2},  // one that never was does not count, and breaks no row
      {{o::relapsed, o::not_honoured}, {}, 1},
      {{o::relapsed, o::relapsed}, 2, 0},  // healed by itself meanwhile
      {{o::relapsed, o::relapsed, o::relapsed}, 2, 1},
  };
  for (const row& r : rows) {
    situation s;
    int ago = 100;
    int done = 0;
    for (const outcome ended : r.of) {
      s.restarted(minutes(--ago), ended);
      if (++done == r.healed_after) s.book.healed_at = now - minutes(ago) + seconds(1);
    }
    EXPECT_EQ(unrecovered(s.book), r.expected) << &r - rows.data();
  }
}

TEST(Arbiter, LetsWaitsStartAnewOnlyAfterACalm) {
  situation s;
  EXPECT_FALSE(previous_wait(s.book)) << "no restart yet";
  s.restarted(seconds(100), outcome::recovered, seconds(90));
  EXPECT_EQ(previous_wait(s.book), seconds(90));
  s.book.calm_at = now - seconds(101);
  EXPECT_EQ(previous_wait(s.book), seconds(90)) << "that calm was before the restart";
  s.book.calm_at = now - seconds(1);
  EXPECT_FALSE(previous_wait(s.book));
}

TEST(Arbiter, KnowsWhetherAWindowIsOpen) {
  constexpr int day = 24 * 60;
  constexpr int wednesday = 2 * day;
  constexpr wall_time monday = calendar::sys_days{calendar::year{2026} / 11 / 30};  // 00:00
  const std::vector<window> noon_on_wednesday{{wednesday + 720, wednesday + 780}};
  const std::vector<window> over_the_end{{6 * day + 1380, 60}};  // Sun 23:00 to Mon 01:00
  const std::vector<window> two{{0, 60}, {wednesday, wednesday + 60}};
  const std::vector<window> whole_week{{0, 0}};
  struct row {
    const std::vector<window>* windows;
    wall_time at;
    bool open;
  };
  const std::vector<row> rows{
      {&noon_on_wednesday, noon, true},
      {&noon_on_wednesday, noon - milliseconds(1), false},
      {&noon_on_wednesday, noon + minutes(60) - milliseconds(1), true},
      {&noon_on_wednesday, noon + minutes(60), false},   // the end is exclusive
      {&noon_on_wednesday, noon + hours(24), false},     // Thursday
      {&noon_on_wednesday, noon + hours(7 * 24), true},  // a week later
      {&over_the_end, monday - minutes(60), true},
      {&over_the_end, monday - minutes(60) - milliseconds(1), false},
      {&over_the_end, monday, true},
      {&over_the_end, monday + minutes(60) - milliseconds(1), true},
      {&over_the_end, monday + minutes(60), false},
      {&two, monday + minutes(30), true},
      {&two, monday + minutes(2 * day + 30), true},
      {&two, monday + minutes(day + 30), false},
      {&whole_week, noon, true},                          // from Monday to Monday
      {&noon_on_wednesday, wall_time(-hours(12)), true},  // Wednesday 1969-12-31 12:00
      {&noon_on_wednesday, wall_time{}, false},           // Thursday 1970-01-01
  };
  for (const row& r : rows) EXPECT_EQ(in_window(*r.windows, r.at), r.open) << "row " << &r - rows.data();
  EXPECT_TRUE(in_window({}, noon));
}

TEST(Arbiter, LearnsWarmUpFromTheLongestOfEnoughStarts) {
  const warm_up_rules learning{.maximum = seconds(900), .learn = true};
  ledger book;
  EXPECT_EQ(warm_up_limit(learning, book), seconds(900));
  book.warm_ups = {seconds(40), seconds(60)};
  EXPECT_EQ(warm_up_limit(learning, book), seconds(900)) << "two starts are too few";
  book.warm_ups.push_back(seconds(50));
  EXPECT_EQ(warm_up_limit(learning, book), seconds(90));
  EXPECT_EQ(warm_up_limit({.maximum = seconds(900), .learn = false}, book), seconds(900));
  EXPECT_EQ(warm_up_limit({.maximum = seconds(70), .learn = true}, book), seconds(70)) << "never beyond the maximum";
  book.warm_ups = {seconds(2), seconds(2), seconds(2)};
  EXPECT_EQ(warm_up_limit(learning, book), seconds(30)) << "a quick start on a quiet node promises nothing";
  EXPECT_EQ(warm_up_limit({.maximum = seconds(20), .learn = true}, book), seconds(20)) << "never beyond the maximum";
}

}  // namespace
}  // namespace podmedic::policy
