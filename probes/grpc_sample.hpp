#pragma once
#include "base/http_client.hpp"
#include "base/verdict.hpp"
#include "probes/grpc_verdict.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace podmedic::probes::grpc {

/// What one check of a grpc probe saw: what was asked, and what came of it.
struct sample {
  std::optional<http_result> held;   ///< the health check, on the held channel
  std::optional<http_result> fresh;  ///< and on a fresh one, where the held one was silent or broke
  std::optional<http_result> canary;
  canary_stream stream;
  milliseconds timeout{0};  ///< of the health checks

  /// Of an answer, what is judged: a body only as the serving status that it says.
  std::string to_text() const;
  /// Throws std::invalid_argument.
  static sample parse(std::string_view line);
};

/// Each sample is judged for itself: the health check first, the canary where that passes.
verdict judge(const sample& seen);

}  // namespace podmedic::probes::grpc
