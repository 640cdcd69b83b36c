// What the surface shows of the supervisor, and the two requests that act. See supervisor.hpp.
#include "base/clock.hpp"
#include "supervisor/running_probe.hpp"
#include "supervisor/supervisor.hpp"
#include "supervisor/surface/metrics.hpp"

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
  if (!r.requested_by.empty()) one["requestedBy"] = r.requested_by;
  if (r.first_pass) one["firstPassSeconds"] = as_seconds(*r.first_pass);
  if (r.recovery) one["recoverySeconds"] = as_seconds(*r.recovery);
  return one;
}

}  // namespace

surface::page supervisor::answer(const surface::question& asked) {
  if (asked.method == "POST") return act(asked);
  if (asked.method != "GET" && asked.method != "HEAD") return {405, "text/plain", "only GET\n"};
  if (asked.path == "/healthz" || asked.path == "/startupz") return {200, "text/plain", "ok\n"};
  if (asked.path == "/readyz") {
    if (medic_->ready()) return {200, "text/plain", "ready\n"};
    return {503, "text/plain", "not ready: " + std::string(policy::to_text(medic_->in())) + "\n"};
  }
  if (asked.path == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_text()};
  if (asked.path == "/status") return {200, "application/json", status_text()};
  return {404, "text/plain", "there are /metrics, /status, /healthz, /readyz and /startupz\n"};
}

surface::page supervisor::act(const surface::question& asked) {
  if (!asked.may_act) return {403, "text/plain", "nothing that acts is reachable here; use the commands inside the Pod\n"};
  if (asked.path == "/stand-down") {
    feed(policy::event::stood_down{"the Pod's preStop hook asked for it"});
    return {200, "text/plain", "standing down\n"};
  }
  if (asked.path != "/restart") return {404, "text/plain", "there are /restart and /stand-down\n"};
  const json given = json::parse(asked.body, nullptr, false);
  if (!given.is_object()) return {400, "text/plain", "the body must be a JSON object with reason and by\n"};
  request_answer_.reset();
  feed(policy::event::restart_requested{given.value("reason", ""), given.value("by", "")});
  if (!request_answer_) return {409, "text/plain", "podmedic is standing down\n"};
  return {request_answer_->accepted ? 202 : 409, "text/plain", request_answer_->message + "\n"};
}

std::string supervisor::status_text() const {
  const instant now = boot_now();
  const policy::rules& rules = medic_->use();
  json all = {{"version", PODMEDIC_VERSION},
              {"phase", policy::to_text(medic_->in())},
              {"ready", medic_->ready()},
              {"mode", rules.in_mode == policy::mode::enforce ? "Enforce" : "Observe"},
              {"safeMode", medic_->facts().safe_mode},
              {"startedSecondsAgo", as_seconds(now - started_)},
              {"kubernetesApi", cluster_.state()},
              {"budget",
               {{"spent", policy::spent(rules.budget, medic_->book(), now)},
                {"restarts", rules.budget.restarts},
                {"windowSeconds", as_seconds(rules.budget.window)}}},
              {"restartsWithoutRecovery", policy::unrecovered(medic_->book())}};
  if (rules.paused_until) all["pausedUntil"] = to_rfc3339(*rules.paused_until);
  if (const auto& cause = medic_->current_cause()) {
    all["cause"] = {{"probe", cause->probe}, {"reason", cause->why.reason}, {"message", cause->why.message}};
    if (!cause->requested_by.empty()) all["cause"]["requestedBy"] = cause->requested_by;
  }
  all["restartForbiddenBy"] = json::array();
  for (const policy::refusal& r : medic_->refusals(now, wall_now())) {
    json one = {{"reason", r.why.reason}, {"message", r.why.message}};
    if (r.until) one["forAnotherSeconds"] = as_seconds(std::max(*r.until - now, milliseconds(0)));
    all["restartForbiddenBy"].push_back(std::move(one));
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
    }
    all["probes"].push_back(std::move(one));
  }
  all["restarts"] = json::array();
  for (const policy::restart_record& r : medic_->book().restarts) all["restarts"].push_back(restart_json(r));
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
  page.family("podmedic_phase", "gauge", "1 for the phase of the lifecycle that the Pod is in.");
  for (std::size_t i = 0; i <= static_cast<std::size_t>(policy::phase::standing_down); ++i) {
    const auto phase = static_cast<policy::phase>(i);
    page.sample({{"phase", policy::to_text(phase)}}, phase == medic_->in() ? 1 : 0);
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
  page.family("podmedic_last_recovery_seconds", "gauge", "From the last recovered restart to all probes passing.");
  for (auto r = book.restarts.rbegin(); r != book.restarts.rend(); ++r) {
    if (!r->recovery) continue;
    page.sample({}, as_seconds(*r->recovery));
    break;
  }
  page.family("podmedic_notices_total", "counter", "What podmedic told in this life, by reason.");
  for (const auto& [reason, count] : announcer_.counts()) page.sample({{"reason", reason}}, static_cast<double>(count));
  page.family("podmedic_configuration_mistakes", "gauge", "Mistakes in the annotations in use.");
  page.sample({}, static_cast<double>(configuration_.found.size()));
  page.family("podmedic_ledger_writable", "gauge", "Whether the last write of the ledger worked.");
  page.sample({}, ledger_error_ ? 0 : 1);
  if (const auto in_flight = drain_.in_flight()) {
    page.family("podmedic_drain_in_flight_connections", "gauge", "Connections seen in flight at the drain's last look.");
    page.sample({}, static_cast<double>(*in_flight));
  }
  return page.take();
}

void supervisor::mirror_last_restart() {
  const policy::restart_record* last = medic_->book().last();
  if (last == nullptr) return;
  json shown = restart_json(*last);
  if (medic_->in() == policy::phase::holding) shown["holding"] = true;
  std::string text = shown.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text == mirrored_) return;
  mirrored_ = std::move(text);
  cluster_.mirror(mirrored_);
}

}  // namespace podmedic
