#pragma once
#include "base/fields.hpp"
#include "supervisor/simulation/plan.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace podmedic::simulation {

/// A length of time as "90s", "5m", "24h", "20ms", from 0 to a year. `source` is the option that it was given to.
std::optional<milliseconds> read_span(const std::string& source, std::string_view text, mistakes& found);

/// One --fault, KIND[:FIELD=VALUE[,FIELD=VALUE]…], into the plan: "wedge:at=60s,share=50%". Mistakes name the column.
void read_fault(std::string_view text, plan& into, mistakes& found);

}  // namespace podmedic::simulation
