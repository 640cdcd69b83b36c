// What the surface shows of the supervisor, and the two requests that act. See supervisor.hpp.
#include "base/clock.hpp"
#include "base/log.hpp"
#include "supervisor/config/rfc3339.hpp"
#include "supervisor/outcome_metrics.hpp"
#include "supervisor/running_probe.hpp"
#include "supervisor/supervisor.hpp"
#include "supervisor/surface/metrics.hpp"
#include "supervisor/surface/start_page.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace podmedic {
namespace {

using nlohmann::json;
constexpr std::array<std::string_view, 3> standing_names{"Unproven", "Healthy", "Failing"};

std::string message_of(const verdict& found) {
  if (const auto* p = std::get_if<pass>(&found)) return p->note;
  if (const auto* f = std::get_if<fail>(&found)) return f->why.message;
  return std::get<unknown>(found).why.message;
}

double as_seconds(milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

json refusals_json(const std::vector<policy::refusal>& all, instant now) {
  json shown = json::array();
  for (const policy::refusal& r : all) {
    json one = {{"reason", r.why.reason}, {"message", r.why.message}};
    if (r.until) one["forAnotherSeconds"] = as_seconds(std::max(*r.until - now, milliseconds(0)));
    shown.push_back(std::move(one));
  }
  return shown;
}

json latency_json(const policy::latency& l) {
  return {{"p50Seconds", as_seconds(l.p50)}, {"p99Seconds", as_seconds(l.p99)}, {"checks", l.checks}};
}

json restart_json(const policy::restart_record& r) {
  json one = {{"at", to_rfc3339(r.wall)},
              {"scope", r.scope},
              {"probe", r.probe},
              {"reason", r.why.reason},
              {"message", r.why.message},
              {"outcome", policy::to_text(r.ended)},
              {"detectionSeconds", as_seconds(r.detection)},
              {"waitedSeconds", as_seconds(r.waited)},
              {"drainSeconds", as_seconds(r.drained)}};
  if (r.by != policy::method::restart) one["method"] = policy::to_text(r.by);
  if (!r.requested_by.empty()) one["requestedBy"] = r.requested_by;
  if (r.containers_up) one["containersUpSeconds"] = as_seconds(*r.containers_up);
  if (r.first_pass) one["firstPassSeconds"] = as_seconds(*r.first_pass);
  if (r.recovery) one["recoverySeconds"] = as_seconds(*r.recovery);
  if (r.latency_before) one["latencyBefore"] = latency_json(*r.latency_before);
  if (r.latency_after) one["latencyAfter"] = latency_json(*r.latency_after);
  if (!r.metrics_before.empty()) one["metricsBefore"] = r.metrics_before;
  if (!r.metrics_after.empty()) one["metricsAfter"] = r.metrics_after;
  return one;
}

}  // namespace

surface::page supervisor::answer(const surface::question& asked) {
  if (asked.method == "POST") return act(asked);
  if (asked.method != "GET" && asked.method != "HEAD") return {405, "text/plain", "only GET\n"};
  if (asked.path == "/startupz" && startup_.holds()) {
    return {503, "text/plain", "the containers behind podmedic wait: " + startup_.waits_for() + "\n"};
  }
  if (asked.path == "/healthz" || asked.path == "/startupz") return {200, "text/plain", "ok\n"};
  if (asked.path == "/readyz") {
    if (medic_->ready()) return {200, "text/plain", "ready\n"};
    std::string why(policy::to_text(medic_->in()));
    for (const policy::lifecycle& scope : medic_->scopes()) {
      if (scope.scope() != policy::lifecycle::pod_scope && scope.out_of_traffic())
        why += ", container " + scope.scope() + " " + std::string(policy::to_text(scope.in()));
    }
    return {503, "text/plain", "not ready: " + why + "\n"};
  }
  if (asked.path == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_text()};
  if (asked.path == "/status") return {200, "application/json", status_text()};
  if (asked.path == "/") return {200, "text/html; charset=utf-8", std::string(surface::start_page())};
  return {404, "text/plain", "there are /, /metrics, /status, /healthz, /readyz and /startupz\n"};
}

std::optional<surface::page> supervisor::why_not_needed(const std::string& container, const std::string& before) {
  if (before.empty()) return std::nullopt;
  const auto time = config::read_rfc3339(before);
  if (!time) return surface::page{400, "text/plain", "--if-started-before: " + before + " is no time of RFC 3339\n"};
  look_at_containers();
  std::optional<instant> oldest;
  for (const containers::started& each : containers_.running()) {
    if (container.empty() || each.name == container) oldest = std::min(oldest.value_or(each.at), each.at);
  }
  if (!oldest) return std::nullopt;
  const wall_time started = wall_now() - (boot_now() - *oldest);
  if (started < *time) return std::nullopt;
  const std::string what = container.empty() ? "the oldest container" : "container " + container;
  return surface::page{200, "text/plain", "not needed: " + what + " was started at " + to_rfc3339(started) + "\n"};
}

surface::page supervisor::act(const surface::question& asked) {
  if (!asked.may_act)
    return {403, "text/plain", "nothing that acts is reachable here; use the commands inside the Pod\n"};
  if (asked.path == "/stand-down") {
    feed(policy::event::stood_down{"the Pod's preStop hook asked for it"});
    return {200, "text/plain", "standing down\n"};
  }
  if (asked.path != "/restart") return {404, "text/plain", "there are /restart and /stand-down\n"};
  const json given = json::parse(asked.body, nullptr, false);
  if (!given.is_object()) return {400, "text/plain", "the body must be a JSON object with reason and container\n"};
  // Who was told no, or has gone away, does not expect it any more.
  const auto not_after = given.find("notAfterMilliseconds");
  const bool late = not_after != given.end() && not_after->is_number() &&
                    boot_now().time_since_epoch().count() > not_after->get<std::int64_t>();
  if (asked.abandoned || late) {
    log::warning("a restart is not carried out: who asked for it waits for it no more", {{"by", asked.by}});
    return {410, "text/plain", "not carried out: it was asked for too long ago\n"};
  }
  const auto text = [&](const char* name) {
    const auto found = given.find(name);
    return found != given.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string container = text("container");
  if (!container.empty()) {
    look_at_containers();
    if (const auto found = containers_.of(container); const auto* nobody = std::get_if<diagnosis>(&found)) {
      return {409, "text/plain", "not now: " + nobody->message + "; there are " + containers_.names() + "\n"};
    }
    find_support_alone(container);
  }
  if (const auto unneeded = why_not_needed(container, text("ifStartedBefore"))) return *unneeded;
  request_answer_.reset();
  feed(policy::event::restart_requested{text("reason"), "podmedic restart, " + asked.by, container, text("id")});
  if (!request_answer_) return {409, "text/plain", "podmedic is standing down\n"};
  return {request_answer_->accepted ? 202 : 409, "text/plain", request_answer_->message + "\n"};
}

std::string supervisor::status_text() const {
  const instant now = boot_now();
  const policy::rules& rules = medic_->use();
  json all = {{"version", PODMEDIC_VERSION},
              {"pod", own_pod_name(options_)},
              {"at", to_rfc3339(wall_now())},
              {"phase", policy::to_text(medic_->in())},
              {"ready", medic_->ready()},
              {"mode", rules.in_mode == policy::mode::enforce ? "Enforce" : "Observe"},
              {"safeMode", medic_->facts().safe_mode},
              {"startedSecondsAgo", as_seconds(now - started_)},
              {"kubernetesApi", cluster_.state()},
              {"fleetTurn", medic_->turn_state(boot_now())},
              {"budget",
               {{"spent", policy::spent(rules.budget, medic_->book(), now)},
                {"restarts", rules.budget.restarts},
                {"windowSeconds", as_seconds(rules.budget.window)}}},
              {"restartsWithoutRecovery", policy::unrecovered(medic_->book())}};
  if (const std::string gate = cluster_.gate_state(); !gate.empty()) all["inServiceCondition"] = gate;
  if (rules.paused_until) all["pausedUntil"] = to_rfc3339(*rules.paused_until);
  if (const auto& cause = medic_->current_cause()) {
    all["cause"] = {{"probe", cause->probe}, {"reason", cause->why.reason}, {"message", cause->why.message}};
    if (!cause->requested_by.empty()) all["cause"]["requestedBy"] = cause->requested_by;
  }
  if (startup_.holds()) {
    all["startupHeld"] = {{"waitsFor", startup_.waits_for()}, {"forAnotherSeconds", as_seconds(startup_.left())}};
  }
  all["restartForbiddenBy"] = refusals_json(medic_->refusals(now, wall_now()), now);
  all["containers"] = json::array();  // that may be restarted alone
  for (const policy::lifecycle& scope : medic_->scopes()) {
    if (scope.scope() == policy::lifecycle::pod_scope) continue;
    all["containers"].push_back({{"name", scope.scope()},
                                 {"phase", policy::to_text(scope.in())},
                                 {"restartForbiddenBy", refusals_json(scope.refusals(now, wall_now()), now)}});
  }
  all["probes"] = json::array();
  for (const config::probe_entry& entry : configuration_.probes) {
    json one = {{"name", entry.name}, {"kind", entry.kind}, {"target", entry.spec.target}};
    if (const policy::threshold* t = medic_->standing_of(entry.name)) {
      one["standing"] = standing_names.at(static_cast<std::size_t>(t->stands()));
      one["failuresInARow"] = t->failures_in_a_row();
    }
    for (const auto& p : probes_) {
      if (p->loop.name() != entry.name || !p->loop.last()) continue;
      const auto& last = *p->loop.last();
      one["verdict"] = verdict_names.at(last.result.found.index());
      one["message"] = message_of(last.result.found);
      one["durationSeconds"] = as_seconds(last.result.duration);
      one["at"] = to_rfc3339(last.at);
      one["recent"] = {{"verdicts", p->loop.recent().verdicts()}, {"seconds", p->loop.recent().seconds()}};
      if (const latencies& seen = p->loop.passed_in(); seen.count() > 0) {
        one["passedInSeconds"] = {
            {"p50", *seen.quantile(0.5)}, {"p99", *seen.quantile(0.99)}, {"checks", seen.count()}};
        if (const auto timeout = seen.suggested_timeout()) one["suggestedTimeoutSeconds"] = *timeout;
      }
    }
    all["probes"].push_back(std::move(one));
  }
  all["restarts"] = json::array();
  for (const policy::restart_record& r : medic_->book().restarts) all["restarts"].push_back(restart_json(r));
  const auto kept = diagnostics_.list();
  all["diagnosticsKept"] = std::count_if(kept.begin(), kept.end(), [](const auto& each) { return each.number != 0; });
  all["mistakes"] = json::array();
  for (const mistake& m : configuration_.found) all["mistakes"].push_back(m.to_text());
  all["notices"] = json::array();
  for (const announcement& a : announcer_.latest()) {
    all["notices"].push_back({{"at", to_rfc3339(a.at)},
                              {"type", a.what.level == policy::severity::warning ? "Warning" : "Normal"},
                              {"reason", a.what.reason},
                              {"message", a.what.message}});
  }
  return all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string supervisor::metrics_text() const {
  surface::metrics_page page;
  const policy::ledger& book = medic_->book();
  const policy::rules& rules = medic_->use();
  page.family("podmedic_build_info", "gauge", "Always 1; the version as a label.");
  page.sample({{"version", PODMEDIC_VERSION}}, 1);
  page.family("podmedic_ready", "gauge", "Whether podmedic keeps the Pod in traffic.");
  page.sample({}, medic_->ready() ? 1 : 0);
  page.family("podmedic_startup_held", "gauge", "Whether podmedic holds back the containers behind it.");
  page.sample({}, startup_.holds() ? 1 : 0);
  page.family("podmedic_phase", "gauge", "1 for the phase of the lifecycle that the Pod is in.");
  for (std::size_t i = 0; i <= static_cast<std::size_t>(policy::phase::standing_down); ++i) {
    const auto phase = static_cast<policy::phase>(i);
    page.sample({{"phase", policy::to_text(phase)}}, phase == medic_->in() ? 1 : 0);
  }
  page.family("podmedic_container_phase", "gauge",
              "1 for the phase that a container which may be restarted alone is in.");
  for (const policy::lifecycle& scope : medic_->scopes()) {
    if (scope.scope() == policy::lifecycle::pod_scope) continue;
    for (std::size_t i = 0; i <= static_cast<std::size_t>(policy::phase::standing_down); ++i) {
      const auto phase = static_cast<policy::phase>(i);
      page.sample({{"container", scope.scope()}, {"phase", policy::to_text(phase)}}, phase == scope.in() ? 1 : 0);
    }
  }
  page.family("podmedic_enforcing", "gauge", "Whether podmedic may drain and restart (mode Enforce).");
  page.sample({}, rules.in_mode == policy::mode::enforce ? 1 : 0);
  page.family("podmedic_safe_mode", "gauge", "Whether podmedic judges nothing because it ended abnormally too often.");
  page.sample({}, medic_->facts().safe_mode ? 1 : 0);
  page.family("podmedic_probe_checks_total", "counter", "Checks of this life by probe and verdict.");
  for (const auto& p : probes_) {
    for (std::size_t v = 0; v < verdict_names.size(); ++v) {
      page.sample({{"probe", p->loop.name()}, {"verdict", verdict_names[v]}}, static_cast<double>(p->loop.checks(v)));
    }
  }
  page.family("podmedic_probe_check_seconds_total", "counter", "Time spent waiting for checks to end, by probe.");
  for (const auto& p : probes_) page.sample({{"probe", p->loop.name()}}, p->loop.seconds_in_checks());
  page.family("podmedic_probe_passed_seconds", "gauge", "How long checks that passed took, by percentile.");
  for (const auto& p : probes_) {
    const latencies& seen = p->loop.passed_in();
    if (seen.count() == 0) continue;
    page.sample({{"probe", p->loop.name()}, {"percentile", "50"}}, *seen.quantile(0.5));
    page.sample({{"probe", p->loop.name()}, {"percentile", "99"}}, *seen.quantile(0.99));
  }
  page.family("podmedic_probe_failing", "gauge", "Whether the probe's failure threshold is crossed.");
  for (const auto& p : probes_) {
    const policy::threshold* t = medic_->standing_of(p->loop.name());
    page.sample({{"probe", p->loop.name()}}, t != nullptr && t->stands() == policy::standing::failing ? 1 : 0);
  }
  page.family("podmedic_restarts_recorded", "gauge", "Restarts in the ledger (the last 64) by outcome.");
  for (int i = 0; i <= static_cast<int>(policy::outcome::not_honoured); ++i) {
    const auto ended = static_cast<policy::outcome>(i);
    page.sample({{"outcome", policy::to_text(ended)}},
                static_cast<double>(std::count_if(book.restarts.begin(), book.restarts.end(),
                                                  [&](const auto& r) { return r.ended == ended; })));
  }
  page.family("podmedic_budget_restarts", "gauge", "Restarts that the budget allows per window.");
  page.sample({}, rules.budget.restarts);
  page.family("podmedic_budget_spent", "gauge", "Restarts within the window that ends now.");
  page.sample({}, policy::spent(rules.budget, book, boot_now()));
  add_outcome_metrics(page, *medic_, boot_now(), wall_now());
  page.family("podmedic_notices_total", "counter", "What podmedic told in this life, by reason.");
  for (const auto& [reason, count] : announcer_.counts()) page.sample({{"reason", reason}}, static_cast<double>(count));
  page.family("podmedic_configuration_mistakes", "gauge", "Mistakes in the annotations in use.");
  page.sample({}, static_cast<double>(configuration_.found.size()));
  page.family("podmedic_ledger_writable", "gauge", "Whether the last write of the ledger worked.");
  page.sample({}, ledger_error_ ? 0 : 1);
  if (const auto in_flight = drain_.in_flight()) {
    page.family("podmedic_drain_in_flight_connections", "gauge",
                "Connections seen in flight at the drain's last look.");
    page.sample({}, static_cast<double>(*in_flight));
  }
  add_own_memory(page);
  return page.take();
}

void supervisor::mirror_last_restart() {
  const policy::restart_record* last = medic_->book().last();
  if (last == nullptr) return;
  json shown = restart_json(*last);
  const bool holding = std::any_of(medic_->scopes().begin(), medic_->scopes().end(),
                                   [](const policy::lifecycle& s) { return s.in() == policy::phase::holding; });
  if (holding) shown["holding"] = true;
  std::string text = shown.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text == mirrored_) return;
  mirrored_ = std::move(text);
  cluster_.mirror(mirrored_);
}

}  // namespace podmedic
