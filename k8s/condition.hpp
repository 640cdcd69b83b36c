#pragma once
#include "k8s/client.hpp"

#include <string>

namespace podmedic::k8s {

/// A condition of podmedic's own Pod that a readinessGate asks for (KEP-580): the Pod is Ready only while it is True.
inline constexpr std::string_view in_service_condition = "podmedic.io/InService";

/// The strategic merge patch that sets it in the Pod's status and leaves every other condition as it is (their key is
/// the type). With a uid, a Pod that took over the name is not written to.
std::string condition_patch(bool in_service, wall_time since, const std::string& pod_uid);

/// Needs patch on pods/status.
boost::asio::awaitable<api_result<std::monostate>> set_in_service(client& api, std::string pod_name,
                                                                  std::string pod_uid, bool in_service, wall_time since,
                                                                  milliseconds timeout);

}  // namespace podmedic::k8s
