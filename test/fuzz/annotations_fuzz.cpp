#include "supervisor/config/configuration.hpp"

#include <algorithm>
#include <cstdlib>

// Whatever stands in the annotations: parsing them and taking them as a live edit neither crashes nor throws, and the
// edit does not widen.

// Registries of its own, so that only the configuration is compiled in.
namespace podmedic::probes {
std::span<const kind> kinds() {
  static constexpr kind all[] = {{"tcpSocket", traffic::unready,
                                  [](fields& own) {
                                    const bool local = own.text("host", "").empty();
                                    spec found{std::to_string(own.required_port("port")), local, nullptr};
                                    own.finish();
                                    return found;
                                  }},
                                 {"progress", traffic::unready, nullptr}};
  return all;
}
}  // namespace podmedic::probes
namespace podmedic::hooks {
std::span<const kind> kinds() {
  static constexpr kind all[] = {{"http", [](fields& own) {
                                    spec found{own.required_text("url"), nullptr};
                                    own.text_map("headers");
                                    own.bytes("maxBytes", 1, 1, 1024);
                                    own.finish();
                                    return found;
                                  }}};
  return all;
}
}  // namespace podmedic::hooks

namespace {

using namespace podmedic;
using namespace podmedic::config;

void require(bool holds) {
  if (!holds) std::abort();
}

const annotations& first_life() {
  static const annotations given{
      {"podmedic.io/mode", "Observe"},
      {"podmedic.io/policy", "{budget: {restarts: 2}, windows: [\"Mon 02:00-05:00\"]}"},
      {"probe.podmedic.io/engine", "{tcpSocket: {port: 8001}, failureThreshold: 2}"},
      {"hook.podmedic.io/10-x", "http: {url: \"http://127.0.0.1:1/\"}"},
  };
  return given;
}

void check(const annotations& given) {
  static const configuration first = parse(first_life());
  const configuration edited = parse(given);
  require(edited.probes.size() == edited.rules.probes.size());
  require(edited.found.size() <= 40 * given.size());
  require(edited.rules.back_off.base <= edited.rules.back_off.cap);
  const configuration taken = admit_live_edit(first, first, edited).use;
  require(taken.rules.in_mode == policy::mode::observe);
  require(taken.rules.budget.restarts <= first.rules.budget.restarts);
  require(taken.rules.windows == first.rules.windows);
  require(taken.rules.back_off.base <= taken.rules.back_off.cap);
  require(taken.hooks.size() == first.hooks.size());
  require(taken.probes.size() == taken.rules.probes.size() && taken.probes.size() <= first.probes.size());
  for (const policy::probe_rules& each : taken.rules.probes) require(each.failure_threshold >= 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  mistakes found;
  check(parse_annotation_file(text, found));
  for (const char* name : {"podmedic.io/mode", "podmedic.io/paused-until", "podmedic.io/policy",
                           "probe.podmedic.io/engine", "hook.podmedic.io/10-x"}) {
    annotations given = first_life();
    given[name] = text;
    check(given);
  }
  return 0;
}
