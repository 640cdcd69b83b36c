#pragma once
#include "base/verdict.hpp"
#include "supervisor/rehearsal/change.hpp"
#include "supervisor/rehearsal/container_process.hpp"
#include "supervisor/rehearsal/pod_manifest.hpp"
#include "supervisor/rehearsal/restart_semantics.hpp"
#include "supervisor/rehearsal/sandbox.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::rehearsal {

/// What a kubelet tells of its Pod.
class kubelet_watcher {
 public:
  virtual ~kubelet_watcher() = default;
  /// `starts` counts this one.
  virtual void container_started(const container_manifest& container, int starts) = 0;
  virtual void container_ended(const container_manifest& container, int exit_code) = 0;
  virtual void liveness_failed(const container_manifest& container, const std::string& why) = 0;
  /// A rule asks for RestartAllContainers.
  virtual void restarting_all(const container_manifest& because_of, int exit_code) = 0;
  virtual void ready_changed(bool ready) = 0;
  virtual void container_said(const container_manifest& container, std::string_view line) = 0;
};

/// Runs a Pod's containers as local processes as a kubelet would: the order of starting, probes, restarts with their
/// back-off, RestartAllContainers, and the end.
///
/// As the kubelet's, its look at the processes is periodic (each second): what ends within the same period is seen at
/// once, and a rule that restarts all comes before the restart of one.
class kubelet {
 public:
  kubelet(boost::asio::io_context& context, const pod_manifest& pod, const sandbox& place, kubelet_watcher& watcher);
  /// Begins to start the containers.
  void start();
  /// Ends the Pod in order: preStop hooks, SIGTERM, SIGKILL after the grace period, sidecars last.
  boost::asio::awaitable<void> terminate(milliseconds grace);

  /// The Pod's condition Ready, and no container has ended meanwhile.
  bool ready() const;
  int restarts_of_all() const { return restarts_of_all_; }
  /// To the processes of a running container; false where it has none.
  bool signal(const std::string& container, int signal);

 private:
  struct member {
    const container_manifest& spec;
    std::vector<std::string> environment;
    container_state& state;
    std::unique_ptr<container_process> process{};
    int life = 0;                     ///< the coroutines of an earlier one end by themselves
    std::optional<int> unseen_end{};  ///< exit code of an end that the kubelet has not seen yet
    bool killed_by_liveness = false;
  };
  enum class which { startup, readiness, liveness };

  boost::asio::awaitable<void> look_at_processes();
  /// Takes the ends since the last look; the container whose rule restarts all, or null.
  const member* see_ends();
  void sync();
  void start(member& one);
  boost::asio::awaitable<void> run_to_end(member& one);
  boost::asio::awaitable<void> probe(member& one, which kind, probe_manifest as);
  void take_result(member& one, which kind, const probe_manifest& as, bool passed, const verdict& found);
  void after_start_up(member& one);
  void report_ready();
  boost::asio::awaitable<void> restart_all();
  boost::asio::awaitable<void> run_pre_stop(member& one, milliseconds at_most);
  boost::asio::awaitable<void> stop(member& one, milliseconds grace);
  boost::asio::awaitable<void> kill_for_liveness(member& one, milliseconds grace);
  boost::asio::awaitable<void> end_of(std::size_t index, milliseconds grace);
  bool is_last_running(std::size_t sidecar) const;

  boost::asio::io_context& context_;
  const pod_manifest& pod_;
  const sandbox& place_;
  kubelet_watcher& watcher_;
  std::vector<container_state> states_;  ///< as pod_manifest::containers, and so are the members
  std::vector<std::unique_ptr<member>> members_;
  change changed_;
  boost::asio::steady_timer back_off_timer_;
  bool ready_ = false;
  bool initialized_ = false;
  bool restarting_all_ = false;
  bool terminating_ = false;
  int restarts_of_all_ = 0;
};

}  // namespace podmedic::rehearsal
