#pragma once
#include "supervisor/policy/medic.hpp"
#include "supervisor/surface/metrics.hpp"

namespace podmedic {

/// What became of the restarts in the ledger, what forbids the next one now, and how long a new container may take.
void add_outcome_metrics(surface::metrics_page& page, const policy::medic& medic, instant now, wall_time wall);

/// podmedic's own memory; nothing where /proc does not tell it.
void add_own_memory(surface::metrics_page& page);

}  // namespace podmedic
