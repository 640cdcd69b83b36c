#include "hooks/registry.hpp"

#include "hooks/kinds.hpp"

namespace podmedic::hooks {

std::span<const kind> kinds() {
  static constexpr kind all[] = {
      {"http", &read_http},
      {"exec", &read_exec},
      {"signal", &read_signal},
      {"waitFor", &read_wait_for},
  };
  return all;
}

}  // namespace podmedic::hooks
