#pragma once
#include "base/time.hpp"

namespace podmedic::simulation {

/// Time since the virtual world began. No reboot of a node and no jump of a wall clock touches it.
using moment = milliseconds;

}  // namespace podmedic::simulation
