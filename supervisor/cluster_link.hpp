#pragma once
#include "base/http_client.hpp"
#include "supervisor/announcer.hpp"
#include "supervisor/options.hpp"
#include "supervisor/policy/arbiter.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace podmedic {

/// What the Kubernetes API told about the own Pod.
struct cluster_findings {
  policy::support can_restart = policy::support::unverified;
  std::string why_not;
  std::map<std::string, std::string> names_by_id;  ///< containers
  bool own_exit_code_seen = false;  ///< the last state of podmedic's own container shows the restart code
  std::string off;  ///< what does not work without more rights or a reachable API; empty where all does
};

/// All that podmedic does with the Kubernetes API, in the background and in its own time: verifies the restart rule and
/// the kubelet's support, learns container names, sends Events, mirrors the last restart. Everything works without it.
class cluster_link {
 public:
  cluster_link(boost::asio::io_context& context, http_client& http, const run_options& options);
  ~cluster_link();

  /// Reads the Pod now, again with growing pauses until it could be read, and every few minutes; tells what it found.
  void start(std::function<void(const cluster_findings&)> report);
  /// Read the Pod soon: a container has appeared whose name is not known.
  void names_wanted();
  /// Sends it as an Event on the Pod; what cannot be sent is tried again, the latest 32 are kept.
  void publish(const announcement& what);
  /// Sets the annotation podmedic.io/last-restart; the latest text wins.
  void mirror(const std::string& text);
  /// Returns when nothing is waiting to be sent, at the latest after `limit`.
  boost::asio::awaitable<void> flush(milliseconds limit);
  /// "ok", or what is off and what to grant; for /status.
  std::string state() const;

 private:
  class worker;
  std::unique_ptr<worker> worker_;
};

}  // namespace podmedic
