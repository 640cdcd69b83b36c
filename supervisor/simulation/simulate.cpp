#include "supervisor/simulation/simulate.hpp"

#include "supervisor/simulation/optimum.hpp"
#include "supervisor/simulation/plain_fleet.hpp"

namespace podmedic::simulation {

outcome simulate(const plan& what, const meddling& meddle) {
  const moment begin = lead_in(what);
  const server_health health(what, begin);
  outcome all;
  result& figures = all.figures;
  {
    fleet with_podmedic(what, health, {.begin = begin, .meddle = meddle});
    with_podmedic.run();
    all.broken = with_podmedic.broken();
    figures.fleets.push_back({"podmedic", with_podmedic.seen()});
    figures.api_requests_per_s =
        static_cast<double>(with_podmedic.api_requests()) * 1000 / static_cast<double>(what.length.count());
    figures.most_api_requests_per_s = with_podmedic.most_api_requests();
  }
  figures.fleets.push_back({"liveness probe", run_plain(plain::liveness_probe, what, health, begin)});
  figures.fleets.push_back({"naive sidecar", run_plain(plain::naive_sidecar, what, health, begin)});
  figures.faulted = health.faulted();
  figures.violations = all.broken.size();
  const bool turns = what.takes_turns;
  figures.optimum = optimum(what, figures.faulted, turns ? what.rules.fleet.max_unavailable : what.replicas,
                            turns ? what.rules.fleet.cool_down : milliseconds(0));
  return all;
}

}  // namespace podmedic::simulation
