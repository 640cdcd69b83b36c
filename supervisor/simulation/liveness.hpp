#pragma once
#include "base/time.hpp"

#include <optional>

namespace podmedic::simulation {

/// A Kubernetes liveness probe (httpGet, or whatever answers).
struct liveness_probe {
  milliseconds period;
  int failure_threshold;
  milliseconds timeout{1000};
};
inline constexpr liveness_probe kubernetes_default{milliseconds(10'000), 3};
inline constexpr liveness_probe every_second{milliseconds(1000), 3};

/// Decides when a container is killed for a liveness probe, as prober and worker of the kubelet do it.
class liveness_worker {
 public:
  liveness_worker(const liveness_probe& probe, milliseconds first) : probe_(probe), begins_(first) {}

  /// When the next check begins.
  milliseconds begins() const { return begins_; }
  /// That check, of a server that answers well or not after so long. The moment in which the container is killed, if
  /// it is.
  std::optional<milliseconds> check(milliseconds answers_after, bool well);

 private:
  liveness_probe probe_;
  milliseconds begins_;
  int failures_ = 0;
};

}  // namespace podmedic::simulation
