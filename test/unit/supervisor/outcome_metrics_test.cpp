#include "supervisor/outcome_metrics.hpp"

#include <gmock/gmock.h>

namespace podmedic {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr instant now{hours(5)};

policy::restart_record restart(seconds ago, std::string scope, std::string reason, policy::outcome ended) {
  policy::restart_record r;
  r.at = now - ago;
  r.scope = std::move(scope);
  r.why.reason = std::move(reason);
  r.ended = ended;
  r.exited = true;
  r.wait_after = seconds(600);
  return r;
}

std::string page_of(policy::ledger book, policy::mode in_mode = policy::mode::enforce) {
  policy::rules use;
  use.in_mode = in_mode;
  use.warm_up.maximum = seconds(300);
  use.probes = {{.name = "shipper", .container = "shipper", .on_failure = policy::remedy::restart_container}};
  policy::medic medic({.use = use, .book = std::move(book), .found = policy::book_found::sound, .damage = {}}, now);
  surface::metrics_page page;
  add_outcome_metrics(page, medic, now, {});
  return page.take();
}

TEST(outcome_metrics, count_the_restarts_of_the_ledger_by_scope_reason_and_outcome) {
  policy::ledger book;
  book.restarts = {restart(seconds(4000), "Pod", "DeadlineExceeded", policy::outcome::recovered),
                   restart(seconds(3000), "Pod", "DeadlineExceeded", policy::outcome::recovered),
                   restart(seconds(2000), "shipper", "Stalled", policy::outcome::relapsed)};
  const std::string page = page_of(book);
  EXPECT_THAT(
      page,
      HasSubstr("podmedic_restarts_by_cause{scope=\"Pod\",reason=\"DeadlineExceeded\",outcome=\"Recovered\"} 2\n"));
  EXPECT_THAT(page,
              HasSubstr("podmedic_restarts_by_cause{scope=\"shipper\",reason=\"Stalled\",outcome=\"Relapsed\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("podmedic_restarts_without_recovery 1\n"));
}

TEST(outcome_metrics, tell_the_times_of_the_last_restart_that_has_them) {
  policy::ledger book;
  book.restarts = {restart(seconds(4000), "Pod", "A", policy::outcome::recovered),
                   restart(seconds(3000), "Pod", "A", policy::outcome::recovered),
                   restart(seconds(2000), "Pod", "A", policy::outcome::relapsed)};
  book.restarts[0].recovery = seconds(9);
  book.restarts[1].recovery = milliseconds(7250);
  book.restarts[2].first_pass = milliseconds(4500);
  const std::string page = page_of(book);
  EXPECT_THAT(page, HasSubstr("\npodmedic_last_recovery_seconds 7.25\n"));
  EXPECT_THAT(page, HasSubstr("\npodmedic_last_first_pass_seconds 4.5\n"));
  EXPECT_THAT(page_of({}), Not(HasSubstr("\npodmedic_last_recovery_seconds ")));
}

TEST(outcome_metrics, tell_what_forbids_a_restart_of_each_scope_now) {
  policy::ledger book;
  book.restarts = {restart(seconds(30), "Pod", "A", policy::outcome::recovered)};
  const std::string page = page_of(book, policy::mode::observe);
  for (const char* scope : {"Pod", "shipper"}) {
    for (const char* reason : {"ObserveMode", "BackOff"}) {
      const std::string sample =
          std::string("podmedic_restart_forbidden{scope=\"") + scope + "\",reason=\"" + reason + "\"} 1\n";
      EXPECT_THAT(page, HasSubstr(sample));
    }
  }
  EXPECT_THAT(page_of({}), Not(HasSubstr("podmedic_restart_forbidden{")));
}

TEST(outcome_metrics, tell_the_warm_up_that_was_learned) {
  EXPECT_THAT(page_of({}), HasSubstr("podmedic_warm_up_limit_seconds 300\n"));
  policy::ledger book;
  book.warm_ups = {seconds(40), seconds(60), seconds(50)};
  EXPECT_THAT(page_of(book), HasSubstr("podmedic_warm_up_limit_seconds 90\n"));
}

TEST(outcome_metrics, tell_podmedics_own_memory_in_bytes) {
  surface::metrics_page page;
  add_own_memory(page);
  const std::string text = page.take();
  const std::size_t at = text.rfind(' ');
  ASSERT_NE(at, std::string::npos);
  const double bytes = std::stod(text.substr(at));
  EXPECT_GT(bytes, 1e6);
  EXPECT_LT(bytes, 1e9);
}

}  // namespace
}  // namespace podmedic
