#pragma once
#include "base/process_table.hpp"
#include "supervisor/config/configuration.hpp"
#include "supervisor/policy/events.hpp"
#include "supervisor/policy/startup_barrier.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace podmedic {

/// What the Pod's processes say of the startup. A container runs while its main process does: the runtime started it,
/// so that its parent is outside of the Pod. Where all that are left have lost their parent, they are strays. `own` is
/// podmedic's own container.
void see_startup(const std::vector<container_processes>& seen, std::string_view own, policy::startup_sight& into);

/// When this wait for the startup began, kept in the state volume so that podmedic's own restarts do not prolong it.
class startup_memory {
 public:
  explicit startup_memory(const std::string& state_directory) : path_(state_directory + "/startup-barrier") {}
  /// The begin of the wait that goes on, or now, written down. Text: it cannot be.
  std::variant<instant, std::string> begin(instant now, const std::string& boot);
  /// Another container runs: the next wait is another one.
  void end();

 private:
  std::string path_;
};

/// Carries out the startup barrier: runs the Startup hooks, each until it works, looks at the processes, and tells.
class startup {
 public:
  using teller = std::function<void(const policy::action::notice&)>;
  /// All outlive it, but the configuration.
  startup(boost::asio::io_context& context, const process_table& processes, hooks::surroundings around,
          std::string own_container, const std::string& state_directory, teller tell);
  ~startup();

  /// At the start of a life. `acts`: podmedic may hold anything at all, in this mode.
  void begin(const config::configuration& use, bool acts, bool sees_processes);
  /// What the API told: how long podmedic's startupProbe may fail; zero: it has none.
  void learn_allowance(milliseconds allowance);

  bool holds() const;
  std::string waits_for() const;
  /// How much longer at most.
  milliseconds left() const;

 private:
  policy::startup_sight see() const;
  void heed(const policy::startup_sight& sight);
  void tell_end(policy::startup_barrier::state ended);
  boost::asio::awaitable<void> run_hooks(std::vector<config::hook_entry> hooks);
  boost::asio::awaitable<void> keep_looking();

  boost::asio::io_context& context_;
  const process_table& processes_;
  hooks::surroundings around_;
  std::string own_;
  startup_memory memory_;
  teller tell_;
  bool sees_ = false;
  instant life_{};
  milliseconds maximum_{0};
  bool has_hooks_ = false;
  bool told_ = false;
  std::optional<milliseconds> allowance_;
  std::string unmet_;
  std::string why_not_remembered_;
  std::optional<policy::startup_barrier> barrier_;
  boost::asio::cancellation_signal cancel_hooks_;
};

}  // namespace podmedic
