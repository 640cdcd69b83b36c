#pragma once
#include "base/fields.hpp"

#include <string_view>

namespace podmedic::probes {

/// A share, as in `90%`: more than 0 % and at most 100 %, as a number from 0 to 1. Anything else is a mistake, and 1.
double read_share(fields& own, std::string_view name);

}  // namespace podmedic::probes
