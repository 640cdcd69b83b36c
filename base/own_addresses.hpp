#pragma once
#include <string_view>

namespace podmedic {

/// Whether the host of a target is this Pod itself: loopback, "localhost", or an address of one of its own interfaces
/// (getifaddrs(3)). Names other than localhost are not resolved, and are not own.
bool is_own_address(std::string_view host);

}  // namespace podmedic
