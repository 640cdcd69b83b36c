#pragma once
#include "supervisor/simulation/course.hpp"
#include "supervisor/simulation/server_health.hpp"

namespace podmedic::simulation {

/// What restarts servers where podmedic does not.
enum class plain {
  /// A liveness probe with the same period, threshold and timeout. The container gets its grace period, which a server
  /// that hangs does not use, and the kubelet's back-off (CrashLoopBackOff). A startupProbe that waits for the server
  /// as long as it takes is assumed.
  liveness_probe,
  /// A sidecar that checks the same and exits with the code that restarts all containers, each time that the threshold
  /// is reached: no warm-up, no back-off, as the kubelet has none here either.
  naive_sidecar,
};

/// The plan's fleet under that, in the same world: from the moment zero, with the lead-in that ends at `begin`.
course run_plain(plain under, const plan& of, const server_health& health, moment begin);

}  // namespace podmedic::simulation
