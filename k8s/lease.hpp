#pragma once
#include "k8s/client.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace podmedic::k8s {

/// A Lease (coordination.k8s.io/v1), as far as podmedic uses it.
struct lease_object {
  std::string holder;        ///< spec.holderIdentity
  milliseconds duration{0};  ///< spec.leaseDurationSeconds
  int transitions = 0;       ///< spec.leaseTransitions
  std::string unrecovered;   ///< the annotation podmedic.io/unrecovered
  std::string version;       ///< metadata.resourceVersion; empty: it does not exist
};

/// Reads a Lease as the API prints it. Text: why it is none. What is missing or of the wrong type is left at its
/// default.
std::variant<lease_object, std::string> parse_lease(std::string_view text);

/// The body that makes the Lease `name` what `wanted` says: to create it where it has no version, else a merge patch
/// that the API refuses (409) where its version is another one by now. Other people's labels and annotations stay.
std::string lease_json(const std::string& name, const std::string& name_space, const lease_object& wanted,
                       bool new_holder, wall_time now);

/// One that does not exist is the default. Needs get on leases of coordination.k8s.io.
boost::asio::awaitable<api_result<lease_object>> read_lease(client& api, std::string name, milliseconds timeout);

/// The Lease as it is then; conflict where somebody else was faster. Needs create and patch on leases. `new_holder`:
/// acquireTime is set, too.
boost::asio::awaitable<api_result<lease_object>> write_lease(client& api, std::string name, lease_object wanted,
                                                             bool new_holder, wall_time now, milliseconds timeout);

}  // namespace podmedic::k8s
