#pragma once
#include "supervisor/rehearsal/change.hpp"
#include "supervisor/rehearsal/kubelet.hpp"
#include "supervisor/rehearsal/pod_manifest.hpp"
#include "supervisor/rehearsal/sandbox.hpp"
#include "supervisor/rehearsal/scenario.hpp"
#include "supervisor/rehearsal/timeline.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <map>
#include <optional>
#include <string>

namespace podmedic::rehearsal {

/// Leads a rehearsal from its first process to its last: starts the Pod, waits until it is healthy, injects the fault,
/// follows what comes of it, and ends the Pod.
class director final : private kubelet_watcher {
 public:
  director(boost::asio::io_context& context, const pod_manifest& pod, const scenario& play, const sandbox& place,
           timeline& show, milliseconds limit);
  /// The limit holds for becoming healthy, and again for what follows the fault.
  boost::asio::awaitable<outcome> direct();
  /// Ends it early, in order.
  void interrupt();

 private:
  boost::asio::awaitable<outcome> follow();
  boost::asio::awaitable<bool> until_healthy();
  boost::asio::awaitable<std::string> inject();
  boost::asio::awaitable<std::string> complaint_of_sidecar();
  void judge(outcome& end);
  void judge_files(outcome& end) const;
  void hear_sidecar(std::string_view line);
  void tell(std::string_view name, const std::string& message);

  void container_started(const container_manifest& container, int starts) override;
  void container_ended(const container_manifest& container, int exit_code) override;
  void liveness_failed(const container_manifest& container, const std::string& why) override;
  void restarting_all(const container_manifest& because_of, int exit_code) override;
  void ready_changed(bool ready) override;
  void container_said(const container_manifest& container, std::string_view line) override;

  const pod_manifest& pod_;
  const scenario& play_;
  const sandbox& place_;
  timeline& show_;
  milliseconds limit_;
  kubelet kubelet_;
  change changed_;
  phase_progress progress_;
  std::string complaint_;                         ///< why the Pod is not healthy yet
  std::map<std::string, std::string> last_line_;  ///< by container
  std::optional<instant> fault_at_;
  std::optional<instant> ready_again_at_;
  bool noticed_ = false;  ///< the fault has shown
  bool judged_ = false;   ///< what is told from now on belongs to the Pod's end
  bool interrupted_ = false;
};

}  // namespace podmedic::rehearsal
