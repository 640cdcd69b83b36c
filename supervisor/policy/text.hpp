#pragma once
#include "base/time.hpp"

#include <string>

namespace podmedic::policy {

/// "2.4 s", for people.
inline std::string in_seconds(milliseconds duration) {
  const auto tenths = (duration.count() + 50) / 100;
  return std::to_string(tenths / 10) + (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10)) + " s";
}

}  // namespace podmedic::policy
