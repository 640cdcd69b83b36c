#pragma once
#include "base/time.hpp"
#include "supervisor/rehearsal/pod_manifest.hpp"

#include <optional>
#include <vector>

/// What the kubelet would do next: pure, without a clock. Read in pkg/kubelet/kuberuntime/kuberuntime_manager.go and
/// kuberuntime_container.go of Kubernetes 1.37.
namespace podmedic::rehearsal {

/// The kubelet's crash-loop back-off of one container: at once after the first end, then 10 s, doubling to 300 s;
/// forgotten when ten minutes lie between two ends.
class crash_back_off {
 public:
  /// The container ended; when it may start again.
  instant ended(instant at);
  /// How long the next end makes it wait.
  milliseconds next_wait() const { return wait_; }

 private:
  milliseconds wait_{0};
  std::optional<instant> last_;
};

/// A container as the kubelet sees it.
struct container_state {
  enum class phase { waiting, running, ended };
  phase in = phase::waiting;
  int exit_code = 0;     ///< of its last end
  bool started = false;  ///< running, and its startupProbe has passed
  bool ready = false;
  bool restarts = true;  ///< after an end: whether its policy brings it back
  int starts = 0;
  instant not_before{};  ///< back-off
  crash_back_off back_off;
};

/// What follows from a container's end.
enum class after_end { stay_ended, restart, restart_all_containers };
/// `killed_by_liveness`: then rules are not asked.
after_end after(const container_manifest& container, int exit_code, bool killed_by_liveness);

/// The containers to start now, by index: the next init container when those before it have completed or, sidecars,
/// have started; when all have, the regular ones. `initialized` says that this was so before: then no sidecar that is
/// down holds anything back. `wake` is when a back-off ends next.
struct next_starts {
  std::vector<std::size_t> now;
  std::optional<instant> wake;
  bool initialized = false;
};
next_starts what_to_start(const std::vector<container_manifest>& containers, const std::vector<container_state>& states,
                          bool initialized, instant now);

/// The Pod's condition Ready: init containers have completed; sidecars and regular containers are ready.
bool pod_ready(const std::vector<container_manifest>& containers, const std::vector<container_state>& states);

}  // namespace podmedic::rehearsal
