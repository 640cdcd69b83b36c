#pragma once
#include "base/time.hpp"
#include "k8s/client.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <optional>
#include <string>

namespace podmedic {

/// Keeps the condition podmedic.io/InService of the own Pod as it is wanted, where the Pod's spec has a readinessGate
/// for it: set until it holds, with pauses from 0.5 to 5 s, and again whenever the API shows it otherwise.
///
/// Such a Pod is Ready only while the condition is True, so without the right to set it podmedic would be the outage.
/// That is told at once where the right is missing, and else after three failures in a row.
class in_service_gate {
 public:
  /// Why the condition could not be set, and an empty text once it holds again.
  using on_trouble = std::function<void(bool wanted, const std::string& why)>;

  /// `api` outlives it.
  in_service_gate(boost::asio::io_context& context, k8s::client& api, std::string pod_name, on_trouble tell);

  void want(bool in_service);
  /// What the API shows: whether the Pod has the gate, and the condition.
  void found(bool has_gate, std::optional<bool> shown, const std::string& pod_uid);
  /// The Pod may not be read: in doubt it has the gate, and a condition without a gate does no harm.
  void may_have_gate();
  /// For /status: "True", "False", or why it is not as wanted; empty where there is no gate.
  std::string state() const;

 private:
  bool to_do() const { return gate_ && wanted_ && shown_ != wanted_; }
  boost::asio::awaitable<void> keep();
  boost::asio::awaitable<void> set();

  k8s::client& api_;
  std::string pod_name_;
  std::string pod_uid_;
  on_trouble tell_;
  bool gate_ = false;
  std::optional<bool> wanted_;
  wall_time wanted_since_{};
  std::optional<bool> shown_;  ///< none: not known
  std::string why_not_;
  int failures_ = 0;  ///< in a row
  bool told_ = false;
  boost::asio::steady_timer timer_;
};

}  // namespace podmedic
