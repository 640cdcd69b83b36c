#include "supervisor/simulation/report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace podmedic::simulation {
namespace {

double in_seconds(milliseconds span) {
  return static_cast<double>(span.count()) / 1000;
}

std::string row(std::string_view title, const std::vector<std::string>& values) {
  std::string line = fmt::format("{:<28}", title);
  for (const std::string& value : values) line += fmt::format("{:>18}", value);
  return line + "\n";
}

}  // namespace

std::string to_text(milliseconds span) {
  const auto whole = (span.count() + 500) / 1000;
  if (span < std::chrono::seconds(10)) return fmt::format("{:.1f} s", in_seconds(span));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  const auto rest = whole % 3600 / 60;
  return fmt::format("{} h", whole / 3600) + (rest > 0 ? fmt::format(" {} min", rest) : "");
}

std::string to_table(const plan& of, const result& what) {
  std::vector<std::string> names, heal, peak, restarts, most, requests;
  for (const fleet_course& each : what.fleets) {
    names.emplace_back(each.name);
    const auto healed = each.seen.time_to_heal();
    heal.push_back(healed ? to_text(*healed) : each.seen.fell_ill() == 0 ? "nothing fell ill" : "never");
    peak.push_back(std::to_string(each.seen.peak_unavailable()));
    restarts.push_back(std::to_string(each.seen.restarts()));
    most.push_back(std::to_string(each.seen.most_restarts()));
    requests.emplace_back("-");
  }
  requests.front() = fmt::format("{:.3g}, at most {}", what.api_requests_per_s, what.most_api_requests_per_s);
  std::string text = row("", names) + row("time to heal", heal) + row("peak unavailable", peak) +
                     row("restarts", restarts) + row("restarts of one replica", most) +
                     row("API requests per second", requests);
  text += fmt::format("optimal time to heal: {}; {} of {} replicas were hit; seed {}\n", to_text(what.optimum),
                      what.faulted, of.replicas, of.seed);
  return text;
}

std::string to_json(const plan& of, const result& what) {
  const course& seen = what.fleets.front().seen;
  const auto healed = seen.time_to_heal();
  const nlohmann::ordered_json all = {
      {"time_to_heal_s", healed ? nlohmann::ordered_json(in_seconds(*healed)) : nullptr},
      {"optimal_s", in_seconds(what.optimum)},
      {"peak_unavailable", seen.peak_unavailable()},
      {"restarts_total", seen.restarts()},
      {"max_restarts_per_replica", seen.most_restarts()},
      {"api_requests_per_s", what.api_requests_per_s},
      {"invariant_violations", what.violations},
      {"seed", of.seed}};
  return all.dump() + "\n";
}

}  // namespace podmedic::simulation
