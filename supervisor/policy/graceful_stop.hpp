#pragma once
#include "base/time.hpp"
#include "supervisor/policy/rules.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace podmedic::policy {

/// Who gets SIGTERM when, before podmedic exits so that all containers are restarted, and when that is over.
///
/// First the container that most likely does not heed it, alone and for a short time: while it is waited for, nothing
/// else has ended that the kubelet would start anew. Then as the kubelet ends a Pod (KEP-753): the main containers at
/// once, then the sidecars one by one, the one that started last first.
///
/// No sidecar is asked while a main container lives that may not be: it may need the sidecar to its end. The kubelet
/// starts a container that has ended anew, some 0.4 to 1.5 s later, where podmedic still runs by then. Such a second
/// life is asked to end at once and is not waited for.
class graceful_stop {
 public:
  /// The main process of one life of a container.
  struct life {
    std::string container;
    pid_t pid = 0;
    instant started{};
    bool may_be_asked = true;

    bool operator==(const life& other) const { return pid == other.pid && started == other.started; }
  };

  /// `sidecars`: in the order in which the kubelet starts them. All others are main containers.
  graceful_stop(graceful_stop_rules use, std::optional<std::string> wedged, std::vector<std::string> sidecars,
                instant began);

  /// `alive`: all lives that have not ended. Those that are to get SIGTERM now; none gets it twice.
  std::vector<life> look(const std::vector<life>& alive, instant now);
  /// All have ended that were asked to, or their time is over.
  bool over() const { return over_; }

 private:
  std::size_t stage_of(const std::string& container) const;
  std::size_t last_stage() const { return 1 + sidecars_.size(); }

  graceful_stop_rules use_;
  std::optional<std::string> wedged_;
  std::vector<std::string> sidecars_;
  instant began_;
  std::size_t stage_ = 0;
  std::vector<life> asked_;    ///< have got SIGTERM
  std::vector<life> awaited_;  ///< of the present stage
  bool over_ = false;
};

}  // namespace podmedic::policy
