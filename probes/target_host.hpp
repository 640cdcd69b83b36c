#pragma once
#include "base/fields.hpp"

#include <string>

namespace podmedic::probes {

/// `host`: a name or an IP address, as it stands in a URL but without brackets; 127.0.0.1 where it is absent.
std::string read_host(fields& own);

}  // namespace podmedic::probes
