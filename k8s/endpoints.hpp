#pragma once
#include "k8s/client.hpp"

#include <set>
#include <string>
#include <string_view>
#include <variant>

namespace podmedic::k8s {

/// Who serves behind the Services of a Pod, by its EndpointSlices (discovery.k8s.io/v1).
struct serving_endpoints {
  bool selected = false;         ///< a slice has the Pod itself, ready or not
  bool own = false;              ///< the Pod itself serves
  std::set<std::string> others;  ///< names of other Pods that serve and are not terminating
};

/// From a list of EndpointSlices as the API prints it. Without a Service's name, those of each Service that selects the
/// Pod, and where there are several, the one in which fewest others serve. Text: why it is no such list.
std::variant<serving_endpoints, std::string> parse_endpoints(std::string_view text, std::string_view pod,
                                                             std::string_view service);

/// Needs list on endpointslices of discovery.k8s.io.
boost::asio::awaitable<api_result<serving_endpoints>> read_endpoints(client& api, std::string pod, std::string service,
                                                                     milliseconds timeout);

}  // namespace podmedic::k8s
