#include "supervisor/policy/arbiter.hpp"

#include "supervisor/policy/text.hpp"

#include <algorithm>

namespace podmedic::policy {
namespace {

/// A record that was never carried out does not speak against restarting again; its place in the budget stays taken.
bool carried_out(const restart_record& r) {
  return r.by != method::eviction && r.ended != outcome::not_executed && r.ended != outcome::not_honoured;
}

/// Calls with each restart that unrecovered() counts, latest first.
template <class Visitor>
void each_unrecovered(const ledger& book, Visitor visit) {
  for (auto r = book.restarts.rbegin(); r != book.restarts.rend(); ++r) {
    if (r->ended == outcome::recovered || (book.healed_at && r->at <= *book.healed_at)) return;
    if (carried_out(*r)) visit(*r);
  }
}

/// An eviction that is asked for again has its place in the budget already.
bool has_its_place(const wish& wanted, const ledger& book) {
  const restart_record* last = book.last();
  return wanted.by == method::eviction && last != nullptr && last->by == method::eviction &&
         last->ended == outcome::pending;
}

}  // namespace

method method_for_all(const rules& rules, const circumstances& facts) {
  const bool falls_back = facts.can_restart == support::missing && rules.without_support == fallback::signal_all;
  return falls_back ? method::signal_all : method::restart;
}

std::optional<std::string> obstacle_to(const circumstances& facts, const wish& wanted) {
  if (wanted.by == method::eviction) return std::nullopt;
  if (wanted.by == method::signal_all) {
    if (!facts.why_not_signal_all) return std::nullopt;
    return facts.why_not + "; nor can podmedic end all containers' processes itself: " + *facts.why_not_signal_all;
  }
  const std::string* why = why_unsupported(facts, wanted.container);
  return why == nullptr ? std::nullopt : std::optional(*why);
}

bool climbs(const rules& rules, const ledger& book) {
  return rules.escalate != escalation::hold && unrecovered(book) >= rules.unrecovered_limit;
}

bool may_restart_all_once(const rules& rules, const ledger& book, const circumstances& facts) {
  if (!climbs(rules, book) || obstacle_to(facts, {.by = method_for_all(rules, facts)})) return false;
  bool done = false;
  each_unrecovered(book, [&](const restart_record& r) { done = done || r.scope == ledger::pod_scope; });
  return !done;
}

const std::string* why_unsupported(const circumstances& facts, std::string_view container) {
  if (container.empty()) return facts.can_restart == support::missing ? &facts.why_not : nullptr;
  const auto found = facts.why_not_alone.find(container);
  return found == facts.why_not_alone.end() ? nullptr : &found->second;
}

bool pass_by_themselves(const std::vector<refusal>& all) {
  return std::all_of(all.begin(), all.end(), [](const refusal& r) { return r.until.has_value() && !r.hold; });
}

std::string messages_of(const std::vector<refusal>& all) {
  std::string text;
  for (const refusal& r : all) text += (text.empty() ? "" : "; ") + r.why.message;
  return text;
}

std::string reasons_of(const std::vector<refusal>& all) {
  std::string text;
  for (const refusal& r : all) text += (text.empty() ? "" : " ") + r.why.reason;
  return text;
}

int spent(const budget_rules& budget, const ledger& book, instant now) {
  return static_cast<int>(std::count_if(book.restarts.begin(), book.restarts.end(),
                                        [&](const restart_record& r) { return now - r.at < budget.window; }));
}

int unrecovered(const ledger& book) {
  int count = 0;
  each_unrecovered(book, [&](const restart_record&) { ++count; });
  return count;
}

std::set<std::string> relapsed_probes(const ledger& book) {
  std::set<std::string> probes;
  each_unrecovered(book, [&](const restart_record& r) {
    if (r.ended == outcome::relapsed && !r.probe.empty()) probes.insert(r.probe);
  });
  return probes;
}

std::optional<milliseconds> previous_wait(const ledger& book) {
  const restart_record* last = book.last();
  if (last == nullptr || (book.calm_at && *book.calm_at > last->at)) return std::nullopt;
  return last->wait_after;
}

bool in_window(const std::vector<window>& windows, wall_time wall) {
  if (windows.empty()) return true;
  constexpr int week = 7 * 24 * 60;
  constexpr int monday = 3 * 24 * 60;  // 1970-01-01 was a Thursday
  const auto since_epoch = std::chrono::floor<minutes>(wall).time_since_epoch().count();
  const int minute = static_cast<int>(((since_epoch + monday) % week + week) % week);
  return std::any_of(windows.begin(), windows.end(), [&](const window& w) {
    return w.begin_minute < w.end_minute ? minute >= w.begin_minute && minute < w.end_minute
                                         : minute >= w.begin_minute || minute < w.end_minute;
  });
}

milliseconds warm_up_limit(const warm_up_rules& rules, const ledger& book) {
  constexpr std::size_t enough_samples = 3;  // one quick start must not shorten the patience with a slow one
  if (!rules.learn || book.warm_ups.size() < enough_samples) return rules.maximum;
  const milliseconds longest = *std::max_element(book.warm_ups.begin(), book.warm_ups.end());
  return std::min(rules.maximum, std::max(rules.least_learned, longest + longest / 2));
}

std::vector<refusal> ask(const rules& rules, const ledger& book, const circumstances& facts, const wish& wanted,
                         instant now, wall_time wall) {
  std::vector<refusal> all;
  const auto refuse = [&](std::string reason, std::string message, std::optional<instant> until = {},
                          bool hold = false) { all.push_back({{std::move(reason), std::move(message)}, until, hold}); };
  if (facts.safe_mode) refuse("SafeMode", "podmedic itself ended abnormally three times within 10 minutes");
  if (rules.in_mode == mode::observe) refuse("ObserveMode", "podmedic.io/mode is Observe");
  if (rules.paused_until && wall < *rules.paused_until) refuse("Paused", "podmedic.io/paused-until is in the future");
  if (const auto why = obstacle_to(facts, wanted)) refuse("RestartNotSupported", *why);
  if (book.distrusted_until && now < *book.distrusted_until) {
    refuse("LedgerLost",
           "the ledger was lost, so the budget counts as spent for another " + in_seconds(*book.distrusted_until - now),
           book.distrusted_until);
  }
  if (facts.unwritable_until && now < *facts.unwritable_until) {
    refuse("LedgerUnwritable",
           "the ledger could not be written, so no restart for another " + in_seconds(*facts.unwritable_until - now),
           facts.unwritable_until);
  }
  const bool last_step =
      wanted.by == method::eviction || (wanted.container.empty() && may_restart_all_once(rules, book, facts));
  if (!wanted.by_request && !last_step && unrecovered(book) >= rules.unrecovered_limit) {
    refuse("RestartsDoNotHelp", std::to_string(unrecovered(book)) + " restarts in a row did not lead to recovery", {},
           true);
  }
  // The ledger forgets all but the last restarts, so a budget beyond its size could never be seen to be spent.
  const int allowed = std::min(rules.budget.restarts, static_cast<int>(ledger::most_restarts) - 1);
  const int used = spent(rules.budget, book, now) - (has_its_place(wanted, book) ? 1 : 0);
  if (used >= allowed) {
    refuse("BudgetSpent",
           std::to_string(used) + " restarts within " + in_seconds(rules.budget.window) + ", of " +
               std::to_string(allowed) + " allowed",
           {}, true);
  }
  if (const restart_record* last = book.last(); last != nullptr) {
    if (const auto wait = previous_wait(book); wait && now < last->at + *wait) {
      refuse("BackOff", "the next restart may come in " + in_seconds(last->at + *wait - now), last->at + *wait);
    }
  }
  if (!in_window(rules.windows, wall)) refuse("OutsideWindow", "no restart window of podmedic.io/policy is open now");
  for (const std::string& why : wanted.makes_worse) refuse("RestartWouldHarm", "a restart would make it worse: " + why);
  return all;
}

}  // namespace podmedic::policy
