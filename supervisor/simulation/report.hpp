#pragma once
#include "supervisor/simulation/course.hpp"
#include "supervisor/simulation/plan.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What is said of a simulation, for people and for programs.
namespace podmedic::simulation {

struct fleet_course {
  std::string_view name;
  course seen;
};

struct result {
  std::vector<fleet_course> fleets;  ///< podmedic's first
  int faulted = 0;
  milliseconds optimum{0};
  double api_requests_per_s = 0;
  std::uint32_t most_api_requests_per_s = 0;
  std::uint64_t violations = 0;
};

/// "0.5 s", "41 s", "12 min 3 s", "3 h 20 min".
std::string to_text(milliseconds span);

/// A row a figure, a column a fleet.
std::string to_table(const plan& of, const result& what);
/// One object: time_to_heal_s (null where not all healed), optimal_s, peak_unavailable, restarts_total,
/// max_restarts_per_replica, api_requests_per_s, invariant_violations, seed.
std::string to_json(const plan& of, const result& what);
/// Replicas that did not serve over time, a line a fleet, as SVG that is read on light and on dark ground.
std::string to_svg(const plan& of, const result& what);

}  // namespace podmedic::simulation
