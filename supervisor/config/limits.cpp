#include "supervisor/config/limits.hpp"

#include "supervisor/config/annotation_names.hpp"
#include "supervisor/config/parts.hpp"
#include "supervisor/config/relaxing.hpp"

#include <algorithm>

namespace podmedic::config {
namespace {

using namespace std::chrono_literals;

class cutter {
 public:
  cutter(configuration& of, std::vector<cut>& made) : of_(of), made_(made) {}

  /// `quiet` is what nobody asked for: a default that gives way without a word.
  template <class Value>
  void take(std::string annotation, std::string field, may direction, Value& value, const Value& limit,
            const Value& quiet) {
    if (is_admitted(direction, value, limit)) return;
    if (value != quiet) {
      of_.found.push_back({annotation, 0, 0, field,
                           text_of(value) + " is beyond what the administrator allows (" + limits_variable + "); " +
                               text_of(limit) + " holds"});
    }
    value = limit;
    made_.push_back({std::move(annotation), std::move(field), text_of(limit)});
  }

 private:
  configuration& of_;
  std::vector<cut>& made_;
};

/// Whether each action may be.
std::vector<bool> read_actions(fields& in) {
  const std::size_t count = words<policy::remedy>.size();
  if (!in.has("actions")) return std::vector<bool>(count, true);
  std::vector<bool> allowed(count, false);
  const std::vector<std::string> given = in.texts("actions");
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto& known = words<policy::remedy>;
    const auto at = std::find(known.begin(), known.end(), given[i]);
    if (at == known.end()) {
      in.complain("actions", i, "expected RestartAllContainers, RestartContainer, Drain or Observe");
    } else {
      allowed[static_cast<std::size_t>(at - known.begin())] = true;
    }
  }
  return allowed;
}

}  // namespace

std::vector<cut> keep_within(std::string_view limits, configuration& asked) {
  std::vector<cut> made;
  if (trimmed(limits).empty()) return made;
  const std::string of_policy(annotation::policy);
  const policy::rules by_default;
  policy::rules& rules = asked.rules;
  fields in = fields::parse(limits_variable, limits, asked.found);
  cutter cuts(asked, made);
  if (auto given = in.object("budget")) {
    const auto restarts = static_cast<int>(given->integer("restarts", 64, 1, 64));
    const milliseconds window = given->seconds("windowSeconds", 60s, 60s, 30 * 24h);
    given->finish();
    cuts.take(of_policy, "budget.restarts", may::fall, rules.budget.restarts, restarts, by_default.budget.restarts);
    cuts.take(of_policy, "budget.windowSeconds", may::rise, rules.budget.window, window, by_default.budget.window);
  }
  if (auto given = in.object("backoff")) {
    const milliseconds base = given->seconds("baseSeconds", 1s, 1s, 24h);
    const milliseconds cap = given->seconds("capSeconds", base, base, 24h);
    given->finish();
    cuts.take(of_policy, "backoff.baseSeconds", may::rise, rules.back_off.base, base, by_default.back_off.base);
    cuts.take(of_policy, "backoff.capSeconds", may::rise, rules.back_off.cap, cap, by_default.back_off.cap);
    rules.back_off.cap = std::max(rules.back_off.cap, rules.back_off.base);
  }
  const auto mode = read_word(in, "mode", policy::mode::enforce);
  const auto escalate = read_word(in, "escalation", policy::escalation::evict);
  const auto without_support = read_word(in, "fallback", policy::fallback::evict);
  const std::vector<bool> actions = read_actions(in);
  in.finish();
  cuts.take(of_policy, "escalation", may::fall, rules.escalate, escalate, by_default.escalate);
  cuts.take(of_policy, "fallback", may::fall, rules.without_support, without_support, by_default.without_support);
  for (policy::probe_rules& each : rules.probes) {
    if (actions[static_cast<std::size_t>(each.on_failure)]) continue;
    cuts.take(std::string(annotation::probe_prefix) + each.name, "onFailure", may::fall, each.on_failure,
              policy::remedy::observe, policy::remedy::observe);
  }
  const bool sound = !in.failed();
  cuts.take(std::string(annotation::mode), "", may::fall, rules.in_mode, sound ? mode : policy::mode::observe,
            sound ? by_default.in_mode : rules.in_mode);
  return made;
}

configuration parse_within(std::string_view limits, const annotations& given) {
  configuration made = parse(given);
  keep_within(limits, made);
  return made;
}

}  // namespace podmedic::config
