#pragma once
#include "base/time.hpp"

#include <optional>
#include <string>
#include <variant>

namespace podmedic::commands {

/// How long ask_sidecar() waits for an answer.
inline constexpr milliseconds sidecar_patience{5'000};

struct sidecar_answer {
  int status = 0;  ///< HTTP
  std::string body;
};
/// Asks the sidecar over its unix socket in the state directory, or, for reading, over its abstract name where there is
/// no socket file. Blocks for at most five seconds. Text: nobody answers, and what that means.
std::variant<sidecar_answer, std::string> ask_sidecar(const std::string& state_directory, const std::string& method,
                                                      const std::string& path, const std::string& body = {});

}  // namespace podmedic::commands
