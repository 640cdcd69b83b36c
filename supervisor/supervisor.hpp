#pragma once
#include "base/http_client.hpp"
#include "base/process_table.hpp"
#include "supervisor/announcer.hpp"
#include "supervisor/cluster_link.hpp"
#include "supervisor/config/configuration.hpp"
#include "supervisor/containers.hpp"
#include "supervisor/diagnostics.hpp"
#include "supervisor/drain.hpp"
#include "supervisor/fleet_override.hpp"
#include "supervisor/options.hpp"
#include "supervisor/policy/graceful_stop.hpp"
#include "supervisor/policy/medic.hpp"
#include "supervisor/probe_loop.hpp"
#include "supervisor/startup.hpp"
#include "supervisor/state_directory.hpp"
#include "supervisor/surface/server.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace podmedic {

/// `podmedic run`: the shell around policy::medic. It brings events to the medic and carries out its actions, and
/// decides nothing itself. One thread, one loop.
///
/// Never ends for a fault of configuration, port, API or disk: it stays started and ready, judges what it can, and says
/// what is off.
class supervisor {
 public:
  explicit supervisor(run_options options);
  ~supervisor();

  /// Runs until a signal or a restart; returns the process's exit code.
  int run();

 private:
  /// What is on its way to the API gets at most that long before podmedic ends; a busy API server takes some 100 ms.
  static constexpr milliseconds last_words{1'000};

  // supervisor.cpp: beginning, and what goes on all the time
  void begin();
  void open_surface();
  config::annotations read_annotations(mistakes& found);
  policy::medic::beginning beginning_of_life(bool mirrored);
  void use(config::configuration next);
  probes::surroundings surroundings_of(const config::probe_entry& entry);
  /// Each once, for as long as it stays.
  void say_mistakes(const mistakes& found, const mistakes& refused);
  void reread_annotations();
  boost::asio::awaitable<void> watch_annotations(std::string file);
  boost::asio::awaitable<void> watch_containers();
  boost::asio::awaitable<void> wait_for_signal();
  void look_at_containers();
  std::vector<std::string> scopes_with_obstacle() const;
  /// Finds out whether a container may be restarted alone, and tells the medic what changed.
  void find_support_alone(const std::string& container);
  void find_support_of_scopes();
  /// The same of all other containers together (fallback: SignalAll).
  void find_support_of_signals();
  /// Why podmedic may not end that container for the kubelet to start it anew; `main` where it has a process.
  std::optional<std::string> why_not_end(const std::string& container, const process* main) const;
  std::optional<diagnosis> nobody_to_ask(const std::string& probe) const;
  void on_result(const std::string& probe, check_result result);

  // actions.cpp: the medic's events and actions
  void feed(policy::any_event happened);
  void after_step();
  void perform(const policy::action::set_ready& a);
  void perform(const policy::action::confirm& a);
  void perform(const policy::action::begin_drain& a);
  void perform(const policy::action::cancel_drain& a);
  void perform(const policy::action::undo_drain& a);
  void perform(const policy::action::begin_diagnose& a);
  void perform(const policy::action::commit& a);
  void perform(const policy::action::try_ledger& a);
  void perform(const policy::action::begin_quiesce& a);
  void perform(const policy::action::restart& a);
  void perform(const policy::action::evict& a);
  void perform(const policy::action::read_fleet& a) { cluster_.ask(a); }
  void perform(const policy::action::read_lease& a) { cluster_.ask(a); }
  void perform(const policy::action::write_lease& a) { cluster_.ask(a); }
  void perform(const policy::action::ask_preconditions& a);
  void perform(const policy::action::read_success_metrics& a);
  void perform(const policy::action::save& a);
  void perform(const policy::action::run_recovered_hooks& a);
  void perform(const policy::action::notice& a);
  void perform(const policy::action::answer& a);
  boost::asio::awaitable<void> run_drain();
  boost::asio::awaitable<void> run_diagnose(std::string scope);
  boost::asio::awaitable<void> run_quiesce(std::optional<std::string> wedged);
  /// Why that container gets no SIGTERM before all are restarted; nothing where it does.
  std::optional<std::string> why_not_stop(const container_processes& one) const;
  std::vector<policy::graceful_stop::life> lives_to_stop();
  /// Each once.
  void say_who_is_not_stopped();
  boost::asio::awaitable<void> run_end();
  boost::asio::awaitable<void> run_evict();
  milliseconds grace_of_last_restart() const;
  boost::asio::awaitable<void> run_undo();
  boost::asio::awaitable<void> run_preconditions();
  boost::asio::awaitable<void> run_success_metrics();
  boost::asio::awaitable<void> run_recovered();
  void end(int code);
  using stop_signal = std::shared_ptr<boost::asio::cancellation_signal>;
  stop_signal start(boost::asio::awaitable<void> task);
  void start_step(boost::asio::awaitable<void> step);
  void mirror_last_restart();

  // gather.cpp: what is kept of the Pod before a restart
  void gather(const std::string& scope);
  std::string snapshot_text(const std::string& scope) const;
  drain::on_output keep_output();
  void say_unkept(const std::optional<std::string>& error);

  // pages.cpp: what the surface shows
  surface::page answer(const surface::question& asked);
  surface::page act(const surface::question& asked);
  /// That nothing that was to be restarted is older than that time, or that it is none.
  std::optional<surface::page> why_not_needed(const std::string& container, const std::string& before);
  std::string metrics_text() const;
  std::string status_text() const;

  run_options options_;
  boost::asio::io_context context_{1};
  http_client http_{context_};
  proc_process_table processes_;
  containers containers_;
  state_directory state_;
  fleet_override override_;
  diagnostics diagnostics_;
  announcer announcer_;
  cluster_link cluster_;
  drain drain_;
  startup startup_;
  surface::server surface_;
  config::annotations annotations_;  ///< the Pod's
  config::annotations effective_;    ///< with the fleet's override
  config::configuration first_configuration_;
  config::configuration configuration_;
  std::set<std::string> said_mistakes_;
  std::set<std::string> said_not_stopped_;  ///< containers
  std::unique_ptr<policy::medic> medic_;
  struct running_probe;
  std::vector<std::unique_ptr<running_probe>> probes_;
  boost::asio::steady_timer tick_;
  stop_signal stop_step_;  ///< of the drain, or what follows it, that began last
  stop_signal stop_undo_;  ///< of the Cancelled hooks that began last
  /// Why the kubelet would not bring a container back alone, as the API tells.
  std::map<std::string, std::string> why_not_back_;
  /// As cluster_findings::sidecars.
  std::optional<std::vector<std::string>> sidecars_;
  /// The lives of the containers that are diagnosed, and may then be ended: no later ones are. Latest started first.
  struct life {
    std::string id;
    process main;
  };
  std::vector<life> to_end_;
  std::deque<policy::any_event> inbox_;
  bool stepping_ = false;
  std::optional<policy::action::answer> request_answer_;
  instant started_{};
  instant left_readiness_{};
  std::optional<std::string> ledger_error_;
  std::string mirrored_;
  int exit_code_ = 0;
};

}  // namespace podmedic
