#pragma once
#include "base/http_client.hpp"
#include "supervisor/announcer.hpp"
#include "supervisor/options.hpp"
#include "supervisor/policy/events.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace podmedic {

/// What the Kubernetes API told about the own Pod.
struct cluster_findings {
  policy::support can_restart = policy::support::unverified;
  std::string why_not;
  std::map<std::string, std::string> names_by_id;   ///< containers
  std::map<std::string, std::string> why_not_back;  ///< containers that the kubelet would not bring back alone
  /// How long podmedic's startupProbe may fail in a life; zero where it has none. Nothing: the Pod was not read.
  std::optional<milliseconds> startup_allowance = {};
  std::optional<std::vector<std::string>> sidecars;  ///< as pod_facts::sidecars; none: the Pod was not read yet
  bool own_exit_code_seen = false;  ///< the last state of podmedic's own container shows the restart code
  std::string off;                  ///< what does not work without more rights or a reachable API; empty where all does
};

/// As given, or the host name, which Kubernetes sets to it.
std::string own_pod_name(const run_options& options);

/// All that podmedic does with the Kubernetes API, in the background and in its own time: verifies the restart rule and
/// the kubelet's support, learns container names, sends Events, mirrors the last restart, asks for an eviction.
/// Everything works without it.
class cluster_link {
 public:
  cluster_link(boost::asio::io_context& context, http_client& http, const run_options& options);
  ~cluster_link();

  /// Reads the Pod now, again with growing pauses until it could be read, and every few minutes; tells what it found.
  /// `fleet` answers what ask() is asked, and hears the Pod's place.
  void start(policy::fleet_rules use, std::function<void(const cluster_findings&)> report,
             std::function<void(policy::any_event)> fleet);
  /// Carries out what a turn in the fleet needs of the API.
  void ask(const policy::action::read_fleet& what);
  void ask(const policy::action::read_lease& what);
  void ask(const policy::action::write_lease& what);
  /// Read the Pod soon: a container has appeared whose name is not known.
  void names_wanted();
  /// Sends it as an Event on the Pod; what cannot be sent is tried again, the latest 32 are kept.
  void publish(const announcement& what);
  /// Keeps the condition of the Pod's readinessGate, where it has one (in_service_gate), from start() on.
  void keep_in_service(bool wanted);
  /// Told when that does not work, and with an empty text when it does again. Before start().
  void on_gate_trouble(std::function<void(bool wanted, const std::string& why)> tell);
  /// As in_service_gate::state().
  std::string gate_state() const;
  /// Sets the annotation podmedic.io/last-restart; the latest text wins.
  void mirror(const std::string& text);
  /// Asks for the eviction of the own Pod.
  boost::asio::awaitable<policy::event::eviction_answered> evict();
  /// Tries at once to send what is waiting; returns when that is sent or could not be, at the latest after `limit`.
  boost::asio::awaitable<void> flush(milliseconds limit);
  /// "ok", or what is off and what to grant; for /status.
  std::string state() const;

 private:
  class worker;
  std::unique_ptr<worker> worker_;
};

}  // namespace podmedic
