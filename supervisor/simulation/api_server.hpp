#pragma once
#include "supervisor/policy/back_off.hpp"
#include "supervisor/policy/events.hpp"
#include "supervisor/simulation/plan.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace podmedic::simulation {

using api_request = std::variant<policy::action::read_fleet, policy::action::read_lease, policy::action::write_lease>;

/// The API server of the fleet: a Lease a slot, with resource versions, and endpoints as they are. Requests meet it in
/// the order of time; what the plan has of outages, partitions, failures and conflicts befalls them here.
class api_server {
 public:
  /// `of` outlives it; its times count from `begin`.
  api_server(const plan& of, moment begin);

  policy::own_place place_of(int replica, int generation) const;
  /// What becomes of a replica's request that arrives now.
  policy::any_event answer(int replica, const api_request& request, moment now);
  /// Whether its endpoint serves.
  void serves(int replica, bool does) { serving_[static_cast<std::size_t>(replica)] = does; }
  /// Its Pod is another one now.
  void replaced(int replica) { ++generations_[static_cast<std::size_t>(replica)]; }
  std::uint64_t requests() const { return requests_; }

 private:
  bool reachable(int replica, moment now) const;
  bool is_gone(const std::string& holder) const;
  policy::fleet_view view_of(int replica) const;
  policy::event::lease_written write(const policy::action::write_lease& asked);

  const plan& plan_;
  moment begin_;
  policy::random_source random_;
  std::vector<policy::lease> leases_;
  std::vector<bool> serving_;
  std::vector<int> generations_;
  std::uint64_t version_ = 0;
  std::uint64_t requests_ = 0;
};

}  // namespace podmedic::simulation
