#include "base/url.hpp"
#include "supervisor/config/annotation_names.hpp"
#include "supervisor/config/parts.hpp"
#include "supervisor/config/windows.hpp"
#include "supervisor/config/words.hpp"

#include <algorithm>

namespace podmedic::config {
namespace {

using namespace std::chrono_literals;
constexpr milliseconds day = 24h;

policy::back_off_rules read_back_off(fields& in, policy::back_off_rules rules) {
  const policy::back_off_rules defaults;
  rules.base = in.seconds("baseSeconds", rules.base, 1s, day);
  rules.cap = in.seconds("capSeconds", rules.cap, 1s, day);
  in.finish();
  if (rules.base <= rules.cap) return rules;
  in.complain(in.has("baseSeconds") ? "baseSeconds" : "capSeconds",
              "baseSeconds is larger than capSeconds; both stay at their defaults, 10 and 600");
  return defaults;
}

policy::budget_rules read_budget(fields& in, policy::budget_rules rules) {
  // As many as the ledger remembers: more could not be counted.
  rules.restarts = static_cast<int>(in.integer("restarts", rules.restarts, 0, 64));
  if (rules.restarts == 0) {
    in.complain("restarts", "0 would never restart; say podmedic.io/mode: Observe. Until then nothing is restarted");
  }
  rules.window = in.seconds("windowSeconds", rules.window, 60s, 30 * day);
  in.finish();
  return rules;
}

policy::warm_up_rules read_warm_up(fields& in, policy::warm_up_rules rules) {
  rules.maximum = in.seconds("maxSeconds", rules.maximum, 0s, day);
  rules.learn = in.flag("learn", rules.learn);
  in.finish();
  return rules;
}

std::optional<in_flight_metric> read_in_flight_metric(fields& in) {
  in_flight_metric read;
  read.url = in.required_text("url");
  if (!read.url.empty() && !parse_url(read.url)) {
    in.complain("url", "expected http://HOST:PORT/PATH or https://…, without user and password");
  }
  const std::string gauge = in.required_text("gauge");
  auto selector = probes::metric_selector::parse(gauge);
  if (selector) {
    read.gauge = std::move(*selector);
  } else if (!gauge.empty()) {
    in.complain("gauge", "expected a metric as in requests_running or requests_running{model=\"x\"}");
  }
  in.finish();
  if (in.failed()) return std::nullopt;
  return read;
}

std::vector<std::uint16_t> read_in_flight_ports(fields& in) {
  std::vector<std::uint16_t> ports = in.ports("ports");
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const auto end = ports.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(ports.begin(), end, ports[i]) != end) in.complain("ports", i, "this port is given twice");
  }
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

policy::drain_rules read_drain(fields& in, policy::drain_rules rules, std::optional<in_flight_metric>& metric) {
  rules.timeout = in.seconds("timeoutSeconds", rules.timeout, 0s, 1h);
  rules.settle = in.seconds("settleSeconds", rules.settle, 0s, 10min);
  if (in.has("settleSeconds") && rules.settle > rules.timeout) {
    in.complain("settleSeconds", "is longer than timeoutSeconds, which caps the whole drain");
    rules.settle = std::min(policy::drain_rules().settle, rules.timeout);
  }
  if (std::optional<fields> in_flight = in.object("inFlight")) {
    std::vector<std::uint16_t> ports = read_in_flight_ports(*in_flight);
    if (in_flight->has("ports")) rules.in_flight_ports = std::move(ports);
    if (std::optional<fields> given = in_flight->object("metric")) metric = read_in_flight_metric(*given);
    in_flight->finish();
  }
  in.finish();
  return rules;
}

policy::graceful_stop_rules read_graceful_stop(fields& in, policy::graceful_stop_rules rules) {
  rules.timeout = in.seconds("timeoutSeconds", rules.timeout, 0s, 10min);
  rules.wedged_timeout = in.seconds("wedgedTimeoutSeconds", std::min(rules.wedged_timeout, rules.timeout), 0s, 10min);
  if (rules.wedged_timeout > rules.timeout) {
    in.complain("wedgedTimeoutSeconds", "is longer than timeoutSeconds, which caps the whole graceful stop");
    rules.wedged_timeout = std::min(policy::graceful_stop_rules().wedged_timeout, rules.timeout);
  }
  in.finish();
  return rules;
}

void read_success(fields& in, configuration& into) {
  policy::success_rules& rules = into.rules.success;
  rules.stable = in.seconds("stableSeconds", rules.stable, 0s, day);
  read_success_metrics(in, into);
  in.finish();
}

milliseconds read_startup_barrier(fields& in, milliseconds before) {
  const milliseconds maximum = in.seconds("maxSeconds", before, 0s, 1h);
  in.finish();
  return maximum;
}

/// A name as Kubernetes gives to objects, or no mistake and empty.
std::string read_object_name(fields& in, std::string_view field, std::string before) {
  std::string name = in.text(field, before);
  const auto may_stand = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  constexpr std::size_t longest = 200;  // a Lease's name has it, and a few words more, in 253
  if (name.size() <= longest && std::all_of(name.begin(), name.end(), may_stand)) return name;
  in.complain(field, "a name of lower case letters, digits, '-' and '.', at most 200 long, is needed");
  return before;
}

policy::fleet_rules read_fleet(fields& in, policy::fleet_rules rules) {
  rules.asked_for = true;
  rules.max_unavailable = static_cast<int>(in.integer("maxUnavailable", rules.max_unavailable, 1, 64));
  rules.min_available = static_cast<int>(in.integer("minAvailable", rules.min_available, 0, 100'000));
  rules.service = read_object_name(in, "service", rules.service);
  rules.workload = read_object_name(in, "workload", rules.workload);
  rules.cool_down = in.seconds("coolDownSeconds", rules.cool_down, 0s, day);
  in.finish();
  return rules;
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
  if (is_misspelt(in, "windows") || in.failed("windows")) return {never};
  return windows;
}

}  // namespace

bool is_misspelt(const fields& in, std::string_view name) {
  const std::vector<std::string> names = in.names();
  return std::any_of(names.begin(), names.end(), [name](const std::string& given) {
    return given != name && nearest_name(given, std::span(&name, 1)) == name;
  });
}

// What a field is not given is left as it is: at its default, or as a preset says.
void read_policy(std::string_view value, configuration& into) {
  policy::rules& rules = into.rules;
  fields in = fields::parse(std::string(annotation::policy), value, into.found);
  if (auto given = in.object("backoff")) rules.back_off = read_back_off(*given, rules.back_off);
  if (auto given = in.object("budget")) rules.budget = read_budget(*given, rules.budget);
  if (auto given = in.object("warmUp")) rules.warm_up = read_warm_up(*given, rules.warm_up);
  if (auto given = in.object("drain")) rules.drain = read_drain(*given, rules.drain, into.in_flight);
  if (auto given = in.object("gracefulStop")) {
    rules.graceful_stop = read_graceful_stop(*given, rules.graceful_stop);
  }
  if (auto given = in.object("success")) read_success(*given, into);
  if (auto given = in.object("startupBarrier")) {
    rules.startup_maximum = read_startup_barrier(*given, rules.startup_maximum);
  }
  if (auto given = in.object("fleet")) rules.fleet = read_fleet(*given, rules.fleet);
  rules.escalate = read_word(in, "escalation", rules.escalate);
  rules.without_support = read_word(in, "fallback", rules.without_support);
  rules.hold = read_word(in, "hold", rules.hold);
  rules.api_unavailable = read_word(in, "onApiUnavailable", rules.api_unavailable);
  rules.closing_grace = in.seconds("shutdownGraceSeconds", rules.closing_grace, 0s, 1h);
  rules.windows = read_all_windows(in);
  read_preconditions(in, into);
  in.finish();
}

std::string fixed_policy(const policy::rules& rules) {
  std::string windows;
  for (const policy::window& each : rules.windows) {
    windows += (windows.empty() ? "" : ",") + std::to_string(each.begin_minute) + '-' + std::to_string(each.end_minute);
  }
  std::string preconditions;
  for (const policy::precondition_rules& each : rules.preconditions) {
    preconditions += (preconditions.empty() ? "" : ",") + (each.asked.empty() ? "null" : each.asked);
  }
  const policy::fleet_rules& fleet = rules.fleet;
  return "{\"escalation\":\"" + word_of(rules.escalate) + "\",\"fallback\":\"" + word_of(rules.without_support) +
         "\",\"fleet\":\"" + std::to_string(fleet.max_unavailable) + ',' + std::to_string(fleet.min_available) + ',' +
         fleet.service + ',' + fleet.workload + ',' + std::to_string(fleet.cool_down.count()) + "\",\"windows\":\"" +
         windows + "\",\"preconditions\":[" + preconditions + "]}";
}

}  // namespace podmedic::config
