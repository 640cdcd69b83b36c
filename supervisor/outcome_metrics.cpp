#include "supervisor/outcome_metrics.hpp"

#include "base/files.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <string>
#include <tuple>

namespace podmedic {
namespace {

double as_seconds(milliseconds span) {
  return std::chrono::duration<double>(span).count();
}

/// Of the last restart that has it.
void last_of(surface::metrics_page& page, const policy::ledger& book,
             std::optional<milliseconds> policy::restart_record::* span) {
  for (auto r = book.restarts.rbegin(); r != book.restarts.rend(); ++r) {
    if (const auto& known = *r.*span) return page.sample({}, as_seconds(*known));
  }
}

/// Of the last recovered restart.
void add_latencies(surface::metrics_page& page, const policy::ledger& book) {
  page.family("podmedic_last_restart_check_seconds", "gauge",
              "How long the checks of the probe of the last recovered restart took that passed.");
  const auto last = std::find_if(book.restarts.rbegin(), book.restarts.rend(),
                                 [](const policy::restart_record& r) { return r.ended == policy::outcome::recovered; });
  if (last == book.restarts.rend()) return;
  const auto add = [&](std::string_view when, const std::optional<policy::latency>& seen) {
    if (!seen) return;
    page.sample({{"when", when}, {"percentile", "50"}}, as_seconds(seen->p50));
    page.sample({{"when", when}, {"percentile", "99"}}, as_seconds(seen->p99));
  };
  add("Before", last->latency_before);
  add("After", last->latency_after);
}

}  // namespace

void add_outcome_metrics(surface::metrics_page& page, const policy::medic& medic, instant now, wall_time wall) {
  const policy::ledger& book = medic.book();
  page.family("podmedic_restarts_by_cause", "gauge",
              "Restarts in the ledger (the last 64) by scope, reason and outcome.");
  std::map<std::tuple<std::string, std::string, policy::outcome>, int> counted;
  for (const policy::restart_record& r : book.restarts) ++counted[{r.scope, r.why.reason, r.ended}];
  for (const auto& [key, count] : counted) {
    const auto& [scope, reason, ended] = key;
    page.sample({{"scope", scope}, {"reason", reason}, {"outcome", policy::to_text(ended)}}, count);
  }
  page.family("podmedic_last_recovery_seconds", "gauge", "From the last recovered restart to all probes passing.");
  last_of(page, book, &policy::restart_record::recovery);
  page.family("podmedic_last_first_pass_seconds", "gauge", "From the last restart until every probe had passed once.");
  last_of(page, book, &policy::restart_record::first_pass);
  page.family("podmedic_last_containers_up_seconds", "gauge",
              "From the last restart until every container that a probe looks at had started.");
  last_of(page, book, &policy::restart_record::containers_up);
  add_latencies(page, book);
  page.family("podmedic_restarts_without_recovery", "gauge", "Restarts in a row that did not lead to recovery.");
  page.sample({}, policy::unrecovered(book));
  page.family("podmedic_restart_forbidden", "gauge", "1 for each reason that forbids a restart of that scope now.");
  for (const policy::lifecycle& scope : medic.scopes()) {
    for (const policy::refusal& r : scope.refusals(now, wall)) {
      page.sample({{"scope", scope.scope()}, {"reason", r.why.reason}}, 1);
    }
  }
  page.family("podmedic_warm_up_limit_seconds", "gauge",
              "How long failures of a new container do not count, as learned.");
  page.sample({}, as_seconds(policy::warm_up_limit(medic.use().warm_up, book)));
}

void add_own_memory(surface::metrics_page& page) {
  constexpr std::size_t most_bytes = 256;
  const auto statm = read_file("/proc/self/statm", most_bytes);  // proc(5): size resident …, in pages
  const auto* text = std::get_if<std::string>(&statm);
  const std::size_t space = text == nullptr ? std::string::npos : text->find(' ');
  long pages = 0;
  if (space == std::string::npos ||
      std::from_chars(text->data() + space + 1, text->data() + text->size(), pages).ec != std::errc()) {
    return;
  }
  page.family("podmedic_resident_memory_bytes", "gauge", "podmedic's own resident memory.");
  page.sample({}, static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
}

}  // namespace podmedic
