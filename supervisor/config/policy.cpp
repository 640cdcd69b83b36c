#include "supervisor/config/annotation_names.hpp"
#include "supervisor/config/not_in_this_version.hpp"
#include "supervisor/config/parts.hpp"
#include "supervisor/config/windows.hpp"
#include "supervisor/config/words.hpp"

#include <algorithm>

namespace podmedic::config {
namespace {

using namespace std::chrono_literals;
constexpr milliseconds day = 24h;

policy::back_off_rules read_back_off(fields& in) {
  const policy::back_off_rules defaults;
  policy::back_off_rules rules;
  rules.base = in.seconds("baseSeconds", defaults.base, 1s, day);
  rules.cap = in.seconds("capSeconds", defaults.cap, 1s, day);
  in.finish();
  if (rules.base <= rules.cap) return rules;
  in.complain(in.has("baseSeconds") ? "baseSeconds" : "capSeconds",
              "baseSeconds is larger than capSeconds; both stay at their defaults, 10 and 600");
  return defaults;
}

policy::budget_rules read_budget(fields& in) {
  policy::budget_rules rules;
  // As many as the ledger remembers: more could not be counted.
  rules.restarts = static_cast<int>(in.integer("restarts", rules.restarts, 0, 64));
  if (rules.restarts == 0) {
    in.complain("restarts", "0 would never restart; say podmedic.io/mode: Observe. Until then nothing is restarted");
  }
  rules.window = in.seconds("windowSeconds", rules.window, 60s, 30 * day);
  in.finish();
  return rules;
}

policy::warm_up_rules read_warm_up(fields& in) {
  policy::warm_up_rules rules;
  rules.maximum = in.seconds("maxSeconds", rules.maximum, 0s, day);
  rules.learn = in.flag("learn", rules.learn);
  in.finish();
  return rules;
}

std::vector<std::uint16_t> read_in_flight_ports(fields& in) {
  std::vector<std::uint16_t> ports = in.ports("ports");
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const auto end = ports.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(ports.begin(), end, ports[i]) != end) in.complain("ports", i, "this port is given twice");
  }
  in.finish();
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

policy::drain_rules read_drain(fields& in) {
  policy::drain_rules rules;
  rules.timeout = in.seconds("timeoutSeconds", rules.timeout, 0s, 1h);
  rules.settle = in.seconds("settleSeconds", rules.settle, 0s, 10min);
  if (in.has("settleSeconds") && rules.settle > rules.timeout) {
    in.complain("settleSeconds", "is longer than timeoutSeconds, which caps the whole drain");
    rules.settle = std::min(policy::drain_rules().settle, rules.timeout);
  }
  if (std::optional<fields> in_flight = in.object("inFlight")) rules.in_flight_ports = read_in_flight_ports(*in_flight);
  in.finish();
  return rules;
}

policy::success_rules read_success(fields& in) {
  policy::success_rules rules;
  rules.stable = in.seconds("stableSeconds", rules.stable, 0s, day);
  if (!in.objects("metrics").empty()) refuse_if_missing(in, "metrics", "success.metrics");
  in.finish();
  return rules;
}

policy::fleet_rules read_fleet(fields& in) {
  policy::fleet_rules rules;
  rules.max_unavailable = static_cast<int>(in.integer("maxUnavailable", rules.max_unavailable, 1, 1000));
  rules.min_available = static_cast<int>(in.integer("minAvailable", rules.min_available, 0, 100'000));
  rules.service = in.text("service", rules.service);
  rules.cool_down = in.seconds("coolDownSeconds", rules.cool_down, 0s, day);
  in.finish();
  return rules;
}

/// A word whose meaning may be missing in this version; it then keeps the default.
template <class Enum>
Enum read_if_there(fields& in, std::string_view name, Enum fallback) {
  const Enum value = read_word(in, name, fallback);
  const std::string feature = std::string(name) + ": " + word_of(value);
  return in.has(name) && refuse_if_missing(in, name, feature) ? fallback : value;
}

/// Windows that cannot be known are `never`: read as always, a slip would restart at the very hours it was to spare.
std::vector<policy::window> read_all_windows(fields& in) {
  std::vector<policy::window> windows;
  const std::vector<std::string> texts = in.texts("windows");
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto read = read_windows(texts[i]);
    if (const auto* wrong = std::get_if<std::string>(&read)) {
      in.complain("windows", i, *wrong + "; until this is mended nothing is restarted");
    } else {
      const auto& more = std::get<std::vector<policy::window>>(read);
      windows.insert(windows.end(), more.begin(), more.end());
    }
  }
  static constexpr std::string_view name[] = {"windows"};
  const std::vector<std::string> names = in.names();
  const bool misspelt = std::any_of(names.begin(), names.end(), [](const std::string& given) {
    return given != name[0] && nearest_name(given, name) == name[0];
  });
  if (misspelt || in.failed("windows")) return {never};
  return windows;
}

}  // namespace

void read_policy(std::string_view value, configuration& into) {
  policy::rules& rules = into.rules;
  fields in = fields::parse(std::string(annotation::policy), value, into.found);
  if (auto given = in.object("backoff")) rules.back_off = read_back_off(*given);
  if (auto given = in.object("budget")) rules.budget = read_budget(*given);
  if (auto given = in.object("warmUp")) rules.warm_up = read_warm_up(*given);
  if (auto given = in.object("drain")) rules.drain = read_drain(*given);
  if (auto given = in.object("success")) rules.success = read_success(*given);
  if (auto given = in.object("fleet")) {
    const policy::fleet_rules fleet = read_fleet(*given);
    if (!refuse_if_missing(in, "fleet", "fleet")) rules.fleet = fleet;
  }
  rules.escalate = read_if_there(in, "escalation", rules.escalate);
  rules.without_support = read_if_there(in, "fallback", rules.without_support);
  rules.hold = read_word(in, "hold", rules.hold);
  rules.api_unavailable = read_word(in, "onApiUnavailable", rules.api_unavailable);
  rules.closing_grace = in.seconds("shutdownGraceSeconds", rules.closing_grace, 0s, 1h);
  rules.windows = read_all_windows(in);
  in.finish();
}

std::string fixed_policy(const policy::rules& rules) {
  std::string windows;
  for (const policy::window& each : rules.windows) {
    windows += (windows.empty() ? "" : ",") + std::to_string(each.begin_minute) + '-' + std::to_string(each.end_minute);
  }
  const policy::fleet_rules& fleet = rules.fleet;
  return "{\"escalation\":\"" + word_of(rules.escalate) + "\",\"fallback\":\"" + word_of(rules.without_support) +
         "\",\"fleet\":\"" + std::to_string(fleet.max_unavailable) + ',' + std::to_string(fleet.min_available) + ',' +
         fleet.service + ',' + std::to_string(fleet.cool_down.count()) + "\",\"windows\":\"" + windows + "\"}";
}

}  // namespace podmedic::config
