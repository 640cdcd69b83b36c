#include "supervisor/simulation/simulate.hpp"
#include "base/files.hpp"
#include "supervisor/commands/commands.hpp"
#include "supervisor/config/annotation_names.hpp"
#include "supervisor/config/configuration.hpp"
#include "supervisor/rehearsal/pod_manifest.hpp"
#include "supervisor/simulation/faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

namespace podmedic::commands {
namespace {

constexpr std::size_t most_told = 5;

config::annotations annotations_of(const std::string& path, const std::string& text, simulation::plan& into,
                                   mistakes& found) {
  mistakes of_fields;
  fields top = fields::parse(path, text, of_fields);
  if (!top.has("kind") || !of_fields.empty()) return {{std::string(config::annotation::policy), text}};
  mistakes of_manifest;  // what is wrong with the Pod is no matter here, as long as its annotations are read
  rehearsal::pod_manifest pod = rehearsal::read_pod(path, text, of_manifest);
  into.grace = pod.grace;
  if (pod.annotations.empty()) {
    found = std::move(of_manifest);
    if (found.empty()) found.push_back({path, 0, 0, "metadata.annotations", "has no annotation of podmedic"});
  }
  return std::move(pod.annotations);
}

/// The first probe that asks for a restart; of a bare policy, one with Kubernetes' defaults.
void take_probe(config::configuration& given, simulation::plan& into, mistakes& found) {
  std::vector<policy::probe_rules>& all = given.rules.probes;
  if (all.empty() && given.probes.empty()) {
    all.push_back({.name = "server"});
    return;
  }
  const auto at = std::find_if(all.begin(), all.end(), policy::wants_restart);
  if (at == all.end()) {
    found.push_back({std::string(config::annotation::probe_prefix), 0, 0, "onFailure",
                     "no probe asks for a restart, so there is nothing to simulate"});
    return;
  }
  const config::probe_entry& entry = given.probes[static_cast<std::size_t>(at - all.begin())];
  into.period = entry.period;
  into.timeout = entry.timeout;
  policy::probe_rules one = *at;
  one.container.clear();
  one.on_failure = policy::remedy::restart_all_containers;
  all = {std::move(one)};
}

void take_policy(const std::string& path, simulation::plan& into, mistakes& found) {
  config::annotations given;
  if (!path.empty()) {
    constexpr std::size_t most_bytes = 1024 * 1024;
    const auto content = read_file(path, most_bytes);
    if (const auto* error = std::get_if<file_error>(&content)) {
      found.push_back({path, 0, 0, "", error->message});
      return;
    }
    given = annotations_of(path, std::get<std::string>(content), into, found);
  }
  config::configuration read = config::parse(given);
  found.insert(found.end(), read.found.begin(), read.found.end());
  if (!found.empty()) return;
  take_probe(read, into, found);
  into.rules = std::move(read.rules);
  into.rules.in_mode = policy::mode::enforce;
  into.rules.paused_until.reset();
}

void take_span(const std::string& option, const std::string& text, milliseconds& into, mistakes& found) {
  if (text.empty()) return;
  if (const auto read = simulation::read_span(option, text, found)) into = *read;
}

simulation::plan read_plan(const simulate_options& options, mistakes& found) {
  simulation::plan what;
  take_policy(options.file, what, found);
  what.replicas = options.replicas;
  what.seed = options.seed;
  what.takes_turns = !options.without_api;
  what.length = milliseconds(static_cast<std::int64_t>(std::llround(options.hours * 3'600'000)));
  take_span("--warm-up", options.warm_up, what.warm_up, found);
  take_span("--restart-takes", options.restart_takes, what.restart_takes, found);
  for (const std::string& fault : options.faults) simulation::read_fault(fault, what, found);
  if (options.faults.empty()) {
    found.push_back({"simulate", 0, 0, "", "needs --fault: what is to go wrong, as wedge:at=60s,share=100%"});
  }
  if (found.empty() && what.warm_up > what.rules.warm_up.maximum) {
    found.push_back({"--warm-up", 0, 0, "",
                     "is longer than the policy's warmUp.maxSeconds: podmedic would restart servers that still start; "
                     "raise warmUp.maxSeconds"});
  }
  return what;
}

void say(const simulation::plan& what, const simulation::outcome& came) {
  fmt::print("{} replicas, {} of virtual time, servers warm up for {}\n\n{}", what.replicas,
             simulation::to_text(what.length), simulation::to_text(what.warm_up),
             simulation::to_table(what, came.figures));
  if (what.takes_turns) {
    fmt::print("fleet: {} at a time, {} must serve\n", what.rules.fleet.max_unavailable,
               what.rules.fleet.min_available);
  }
  if (came.broken.empty()) fmt::print("invariants: all held\n");
}

}  // namespace

int simulate(const simulate_options& options) {
  mistakes found;
  const simulation::plan what = read_plan(options, found);
  for (const mistake& each : found) fmt::print(stderr, "podmedic: {}\n", each.to_text());
  if (!found.empty()) return usage_error;
  const simulation::outcome came = simulation::simulate(what);
  if (options.as_json) {
    fmt::print("{}", simulation::to_json(what, came.figures));
  } else {
    say(what, came);
  }
  for (std::size_t i = 0; i < std::min(most_told, came.broken.size()); ++i) {
    fmt::print(stderr, "podmedic: replica {} broke invariant {}\n", came.broken[i].replica, came.broken[i].what);
  }
  if (!options.plot.empty()) {
    std::ofstream file(options.plot, std::ios::trunc);
    file << simulation::to_svg(what, came.figures);
    file.close();
    if (!file) {
      fmt::print(stderr, "podmedic: --plot: {} cannot be written\n", options.plot);
      return usage_error;
    }
  }
  return came.broken.empty() ? success : usage_error;
}

}  // namespace podmedic::commands
