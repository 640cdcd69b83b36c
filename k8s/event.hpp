#pragma once
#include "k8s/client.hpp"

#include <string>

namespace podmedic::k8s {

/// An Event on podmedic's own Pod (events.k8s.io/v1).
struct pod_event {
  enum class severity { normal, warning };
  severity type = severity::normal;
  std::string reason;  ///< CamelCase
  std::string action;  ///< what podmedic did or would do, CamelCase; empty: the reason
  std::string note;    ///< for people; cut to 1024 bytes
  wall_time at{};
};

/// The Event as JSON, within the limits that the API checks (pkg/apis/core/validation/events.go): note 1024 bytes,
/// reason and action 128, reportingInstance 128.
std::string event_json(const pod_event& event, const std::string& name_space, const std::string& pod_name,
                       const std::string& pod_uid);

/// Needs create on events of events.k8s.io.
boost::asio::awaitable<api_result<std::monostate>> publish_event(client& api, std::string pod_name, std::string pod_uid,
                                                                 pod_event event, milliseconds timeout);

}  // namespace podmedic::k8s
