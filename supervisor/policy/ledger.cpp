#include "supervisor/policy/ledger.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace podmedic::policy {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> outcome_names{"Pending", "Recovered", "Relapsed", "NotExecuted",
                                                        "NotHonoured"};

constexpr std::array<std::string_view, 3> method_names{"Restart", "SignalAll", "Evict"};

json optional_count(const auto& value) {
  if (!value) return nullptr;
  if constexpr (requires { value->time_since_epoch(); }) {
    return value->time_since_epoch().count();
  } else {
    return value->count();
  }
}

json to_json(const latency& l) {
  return {{"p50Milliseconds", l.p50.count()}, {"p99Milliseconds", l.p99.count()}, {"checks", l.checks}};
}

json to_json(const restart_record& r) {
  json one{{"atMilliseconds", r.at.time_since_epoch().count()},
           {"wallMilliseconds", r.wall.time_since_epoch().count()},
           {"scope", r.scope},
           {"probe", r.probe},
           {"reason", r.why.reason},
           {"message", r.why.message},
           {"requestedBy", r.requested_by},
           {"requestId", r.request_id},
           {"waitAfterMilliseconds", r.wait_after.count()},
           {"outcome", to_text(r.ended)},
           {"exited", r.exited},
           {"detectionMilliseconds", r.detection.count()},
           {"waitedMilliseconds", r.waited.count()},
           {"drainedMilliseconds", r.drained.count()},
           {"firstPassMilliseconds", optional_count(r.first_pass)},
           {"recoveryMilliseconds", optional_count(r.recovery)},
           {"recoveredAtMilliseconds", optional_count(r.recovered_at)}};
  // Left out where there is none, so that older ledgers stay valid.
  if (r.by != method::restart) one["method"] = to_text(r.by);
  if (r.containers_up) one["containersUpMilliseconds"] = r.containers_up->count();
  if (r.latency_before) one["latencyBefore"] = to_json(*r.latency_before);
  if (r.latency_after) one["latencyAfter"] = to_json(*r.latency_after);
  if (!r.metrics_before.empty()) one["metricsBefore"] = r.metrics_before;
  if (!r.metrics_after.empty()) one["metricsAfter"] = r.metrics_after;
  return one;
}

/// Rejects what sums and differences of times could overflow with.
milliseconds span_of(const json& value) {
  constexpr std::int64_t most = 10'000'000'000'000;  // 317 years
  const auto count = value.is_number_integer() ? value.get<std::int64_t>() : most + 1;
  if (count > most || count < -most) throw std::invalid_argument(value.dump() + " is no time in milliseconds");
  return milliseconds(count);
}
milliseconds span_at(const json& object, const char* name) {
  return span_of(object.at(name));
}
/// Of what decisions rest on: a negative one would end before it began.
milliseconds length_of(const json& value) {
  const milliseconds span = span_of(value);
  if (span < milliseconds(0)) throw std::invalid_argument(value.dump() + " is no length of time");
  return span;
}
instant instant_at(const json& object, const char* name) {
  return instant(span_at(object, name));
}
template <class T>
std::optional<T> optional_at(const json& object, const char* name) {
  if (object.at(name).is_null()) return std::nullopt;
  return T(span_at(object, name));
}

outcome outcome_at(const json& object) {
  const auto name = object.at("outcome").get<std::string>();
  const auto found = std::find(outcome_names.begin(), outcome_names.end(), name);
  if (found == outcome_names.end()) throw std::invalid_argument("outcome \"" + name + "\" is none");
  return static_cast<outcome>(found - outcome_names.begin());
}

method method_at(const json& object) {
  const auto given = object.find("method");
  if (given == object.end()) return method::restart;
  const auto found = std::find(method_names.begin(), method_names.end(), given->get<std::string>());
  if (found == method_names.end()) throw std::invalid_argument("method " + given->dump() + " is none");
  return static_cast<method>(found - method_names.begin());
}

std::optional<latency> latency_at(const json& object, const char* name) {
  if (!object.contains(name)) return std::nullopt;
  const json& l = object.at(name);
  return latency{length_of(l.at("p50Milliseconds")), length_of(l.at("p99Milliseconds")), l.at("checks").get<int>()};
}

std::map<std::string, double> metrics_at(const json& object, const char* name) {
  if (!object.contains(name)) return {};
  return object.at(name).get<std::map<std::string, double>>();
}

restart_record restart_from(const json& o) {
  restart_record r;
  r.at = instant_at(o, "atMilliseconds");
  r.wall = wall_time(span_at(o, "wallMilliseconds"));
  r.scope = o.at("scope").get<std::string>();
  r.by = method_at(o);
  r.probe = o.at("probe").get<std::string>();
  r.why = {o.at("reason").get<std::string>(), o.at("message").get<std::string>()};
  r.requested_by = o.at("requestedBy").get<std::string>();
  r.request_id = o.value("requestId", "");
  r.wait_after = length_of(o.at("waitAfterMilliseconds"));
  r.ended = outcome_at(o);
  r.exited = o.at("exited").get<bool>();
  r.detection = span_at(o, "detectionMilliseconds");
  r.waited = span_at(o, "waitedMilliseconds");
  r.drained = span_at(o, "drainedMilliseconds");
  r.first_pass = optional_at<milliseconds>(o, "firstPassMilliseconds");
  r.recovery = optional_at<milliseconds>(o, "recoveryMilliseconds");
  r.recovered_at = optional_at<instant>(o, "recoveredAtMilliseconds");
  if (o.contains("containersUpMilliseconds")) r.containers_up = span_at(o, "containersUpMilliseconds");
  r.latency_before = latency_at(o, "latencyBefore");
  r.latency_after = latency_at(o, "latencyAfter");
  r.metrics_before = metrics_at(o, "metricsBefore");
  r.metrics_after = metrics_at(o, "metricsAfter");
  return r;
}

ledger ledger_from(const json& o) {
  if (const json& found = o.at("version"); found != ledger::version) {
    throw std::invalid_argument("version " + found.dump() + " is not " + std::to_string(ledger::version));
  }
  ledger l;
  l.boot = o.at("boot").get<std::string>();
  for (const json& r : o.at("restarts")) l.restarts.push_back(restart_from(r));
  for (const json& r : o.at("lives"))
    l.lives.push_back({instant_at(r, "startedMilliseconds"), r.at("clean").get<bool>()});
  for (const json& r : o.at("warmUpsMilliseconds")) l.warm_ups.push_back(length_of(r));
  l.distrusted_until = optional_at<instant>(o, "distrustedUntilMilliseconds");
  l.healed_at = optional_at<instant>(o, "healedAtMilliseconds");
  l.calm_at = optional_at<instant>(o, "calmAtMilliseconds");
  if (o.contains("drainedAtMilliseconds")) l.drained_at = instant_at(o, "drainedAtMilliseconds");
  for (const auto& [probe, start] : o.at("passedMilliseconds").items()) l.passed.emplace(probe, span_of(start));
  l.first_annotations = o.at("firstAnnotations").get<std::map<std::string, std::string>>();
  if (l.restarts.size() > ledger::most_restarts || l.lives.size() > ledger::most_lives ||
      l.warm_ups.size() > ledger::most_warm_ups) {
    throw std::invalid_argument("it has more entries than podmedic writes");
  }
  const auto earlier = [](const restart_record& a, const restart_record& b) { return a.at < b.at; };
  if (!std::is_sorted(l.restarts.begin(), l.restarts.end(), earlier))
    throw std::invalid_argument("restarts out of order");
  return l;
}

template <class T>
void keep_last(std::vector<T>& items, std::size_t most) {
  if (items.size() > most) items.erase(items.begin(), items.end() - static_cast<std::ptrdiff_t>(most));
}

}  // namespace

std::string_view to_text(outcome ended) {
  return outcome_names.at(static_cast<std::size_t>(ended));
}

std::string_view to_text(method by) {
  return method_names.at(static_cast<std::size_t>(by));
}

std::string ledger::to_json() const {
  json all = {{"version", version},
              {"boot", boot},
              {"restarts", json::array()},
              {"lives", json::array()},
              {"warmUpsMilliseconds", json::array()},
              {"distrustedUntilMilliseconds", optional_count(distrusted_until)},
              {"healedAtMilliseconds", optional_count(healed_at)},
              {"calmAtMilliseconds", optional_count(calm_at)},
              {"passedMilliseconds", json::object()},
              {"firstAnnotations", first_annotations}};
  for (const restart_record& r : restarts) all["restarts"].push_back(policy::to_json(r));
  for (const life_record& r : lives) {
    all["lives"].push_back({{"startedMilliseconds", r.started.time_since_epoch().count()}, {"clean", r.clean}});
  }
  for (const milliseconds w : warm_ups) all["warmUpsMilliseconds"].push_back(w.count());
  for (const auto& [probe, start] : passed) all["passedMilliseconds"][probe] = start.time_since_epoch().count();
  // Left out where there is none, so that older ledgers stay valid.
  if (drained_at) all["drainedAtMilliseconds"] = drained_at->time_since_epoch().count();
  return all.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::variant<ledger, ledger_damage> read_ledger(std::string_view text) {
  try {
    ledger read = ledger_from(json::parse(text));
    if (read.to_json() != text) return ledger_damage{"it is not as podmedic writes it"};
    return read;
  } catch (const std::exception& e) {  // every way in which a text can fail to be a ledger ends here
    return ledger_damage{e.what()};
  }
}

void ledger::move_to_boot(std::string_view boot_id) {
  if (boot == boot_id) return;
  boot = boot_id;
  instant latest{};  // the last moment of the old boot that we know of
  for (const restart_record& r : restarts) latest = std::max({latest, r.at, r.recovered_at.value_or(r.at)});
  for (const life_record& r : lives) latest = std::max(latest, r.started);
  latest = std::max({latest, healed_at.value_or(latest), calm_at.value_or(latest)});
  const auto shift = latest.time_since_epoch();
  for (restart_record& r : restarts) {
    r.at -= shift;
    if (r.recovered_at) *r.recovered_at -= shift;
  }
  for (life_record& r : lives) r.started -= shift;
  if (healed_at) *healed_at -= shift;
  if (calm_at) *calm_at -= shift;
  if (distrusted_until) *distrusted_until -= shift;
  passed.clear();
  drained_at.reset();
}

restart_record* ledger::last() {
  return restarts.empty() ? nullptr : &restarts.back();
}
const restart_record* ledger::last() const {
  return restarts.empty() ? nullptr : &restarts.back();
}

restart_record* ledger::last_of(std::string_view scope) {
  const auto found = std::find_if(restarts.rbegin(), restarts.rend(), [&](const auto& r) { return r.scope == scope; });
  return found == restarts.rend() ? nullptr : &*found;
}
const restart_record* ledger::last_of(std::string_view scope) const {
  const auto found = std::find_if(restarts.rbegin(), restarts.rend(), [&](const auto& r) { return r.scope == scope; });
  return found == restarts.rend() ? nullptr : &*found;
}

void ledger::add(restart_record record) {
  restarts.push_back(std::move(record));
  keep_last(restarts, most_restarts);
}

}  // namespace podmedic::policy
