#pragma once
#include "k8s/client.hpp"

#include <string>

namespace podmedic::k8s {

/// The Eviction as JSON (policy/v1), of the Pod with that uid and no other that took over its name.
std::string eviction_json(const std::string& name_space, const std::string& pod_name, const std::string& pod_uid);

/// Asks for the Pod's eviction, as kubectl drain does. Needs create on pods/eviction. Granted, the Pod is being deleted
/// with its own grace period. throttled (429): a PodDisruptionBudget does not allow it now, or the API has too much to
/// do. conflict: it is another Pod by now. A `pod_uid` is needed: without one nothing is asked (rejected).
boost::asio::awaitable<api_result<std::monostate>> evict_pod(client& api, std::string pod_name, std::string pod_uid,
                                                             milliseconds timeout);

}  // namespace podmedic::k8s
