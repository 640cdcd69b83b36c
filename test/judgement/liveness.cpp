#include "liveness.hpp"

#include "probes/sample_text.hpp"

namespace podmedic::judgement {
namespace {

/// What the endpoint does.
struct behaviour {
  milliseconds answers_after{0};
  bool well = true;
};

behaviour read_behaviour(const std::string& what) {
  const probes::sample_text said(what);
  if (said.has("refuses")) return {milliseconds(0), false};
  const auto status = said.has("status") ? said.integer("status") : 200;
  return {milliseconds(static_cast<std::int64_t>(said.number("answers") * 1000)), status >= 200 && status < 400};
}

/// As it is when a check begins; before the trace says anything, it answers well at once.
behaviour at(const trace& of, milliseconds when) {
  behaviour now;
  for (const observation& o : of.seen) {
    if (o.at > when) break;
    if (o.of == "liveness") now = read_behaviour(o.what);
  }
  return now;
}

}  // namespace

std::optional<milliseconds> kills_at(const liveness_probe& probe, const trace& of) {
  simulation::liveness_worker worker(probe, milliseconds(0));
  while (worker.begins() <= of.end) {
    const behaviour now = at(of, worker.begins());
    if (const auto killed = worker.check(now.answers_after, now.well)) return killed;
  }
  return std::nullopt;
}

}  // namespace podmedic::judgement
