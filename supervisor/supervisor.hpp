#pragma once
#include "base/http_client.hpp"
#include "base/process_table.hpp"
#include "supervisor/announcer.hpp"
#include "supervisor/cluster_link.hpp"
#include "supervisor/config/configuration.hpp"
#include "supervisor/containers.hpp"
#include "supervisor/drain.hpp"
#include "supervisor/options.hpp"
#include "supervisor/policy/medic.hpp"
#include "supervisor/probe_loop.hpp"
#include "supervisor/state_directory.hpp"
#include "supervisor/surface/server.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace podmedic {

/// `podmedic run`: the shell around policy::medic. It brings events to the medic and carries out its actions, and decides
/// nothing itself. One thread, one loop.
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
  /// What is on its way to the API gets that long before podmedic ends.
  static constexpr milliseconds last_words{100};

  // supervisor.cpp: beginning, and what goes on all the time
  void begin();
  void open_surface();
  config::annotations read_annotations(mistakes& found);
  policy::medic::beginning beginning_of_life(bool mirrored);
  void use(config::configuration next);
  /// Each once, for as long as it stays.
  void say_mistakes(const mistakes& found, const mistakes& refused);
  void reread_annotations();
  boost::asio::awaitable<void> watch_annotations();
  boost::asio::awaitable<void> watch_containers();
  boost::asio::awaitable<void> wait_for_signal();
  void look_at_containers();
  std::optional<diagnosis> nobody_to_ask(const std::string& probe) const;
  void on_result(const std::string& probe, check_result result);

  // actions.cpp: the medic's events and actions
  void feed(policy::any_event happened);
  void after_step();
  void perform(const policy::action::set_ready& a);
  void perform(const policy::action::confirm& a);
  void perform(const policy::action::begin_drain& a);
  void perform(const policy::action::cancel_drain& a);
  void perform(const policy::action::begin_diagnose& a);
  void perform(const policy::action::commit& a);
  void perform(const policy::action::begin_quiesce& a);
  void perform(const policy::action::restart& a);
  void perform(const policy::action::save& a);
  void perform(const policy::action::run_recovered_hooks& a);
  void perform(const policy::action::notice& a);
  void perform(const policy::action::answer& a);
  boost::asio::awaitable<void> run_drain();
  boost::asio::awaitable<void> run_diagnose();
  boost::asio::awaitable<void> run_quiesce();
  boost::asio::awaitable<void> run_hooks_of(config::hook_phase phase);
  void end(int code);
  void start_step(boost::asio::awaitable<void> step);
  void mirror_last_restart();

  // pages.cpp: what the surface shows
  surface::page answer(const surface::question& asked);
  surface::page act(const surface::question& asked);
  std::string metrics_text() const;
  std::string status_text() const;

  run_options options_;
  boost::asio::io_context context_{1};
  http_client http_{context_};
  proc_process_table processes_;
  containers containers_;
  state_directory state_;
  announcer announcer_;
  cluster_link cluster_;
  drain drain_;
  surface::server surface_;
  config::annotations annotations_;
  config::configuration first_configuration_;
  config::configuration configuration_;
  std::set<std::string> said_mistakes_;
  std::unique_ptr<policy::medic> medic_;
  struct running_probe;
  std::vector<std::unique_ptr<running_probe>> probes_;
  boost::asio::steady_timer tick_;
  std::shared_ptr<boost::asio::cancellation_signal> step_cancel_;  ///< of the drain, or what follows it, that runs now
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
