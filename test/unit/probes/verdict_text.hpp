#pragma once
#include "base/verdict.hpp"

#include <string>

namespace podmedic {

/// "Pass", "Fail Reason", "Fail Reason (answered no)", "Unknown Reason".
inline std::string verdict_text(const verdict& found) {
  if (std::holds_alternative<pass>(found)) return "Pass";
  if (const auto* failed = std::get_if<fail>(&found)) {
    return "Fail " + failed->why.reason + (failed->answered_no ? " (answered no)" : "");
  }
  return "Unknown " + std::get<unknown>(found).why.reason;
}

inline std::string message_of(const verdict& found) {
  if (const auto* failed = std::get_if<fail>(&found)) return failed->why.message;
  if (const auto* nothing = std::get_if<unknown>(&found)) return nothing->why.message;
  return std::get<pass>(found).note;
}

}  // namespace podmedic
