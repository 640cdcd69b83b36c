#pragma once
#include "k8s/client.hpp"
#include "k8s/pod.hpp"
#include "k8s/workload.hpp"
#include "supervisor/policy/events.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <typeindex>

namespace podmedic {

/// Carries out what policy::turn asks of the API, and translates its answers. Each request ends within a bounded time.
class fleet_link {
 public:
  /// `api` outlives it.
  fleet_link(k8s::client& api, policy::fleet_rules use) : api_(api), use_(std::move(use)) {}

  /// What the API shows of the own Pod.
  policy::event::place_found found(const k8s::pod_facts& pod);

  boost::asio::awaitable<policy::event::fleet_read> read_fleet();
  boost::asio::awaitable<policy::event::lease_read> read_lease(policy::action::read_lease asked);
  boost::asio::awaitable<policy::event::lease_written> write_lease(policy::action::write_lease asked);

 private:
  boost::asio::awaitable<bool> is_gone(std::string holder);
  /// Takes a part of the view; one that may not be seen is left out. False: the API does not answer, or denies what it
  /// has shown before, as one that has just started does.
  template <class Value, class Take>
  bool take_part(const k8s::api_result<Value>& read, policy::fleet_view& view, policy::api_silence& silence, Take take);

  k8s::client& api_;
  policy::fleet_rules use_;
  std::string own_pod_;
  std::string own_holder_;
  std::map<std::string, std::string> labels_;
  std::optional<k8s::workload> workload_;
  std::set<std::type_index> seen_;  ///< the parts that have been read once
};

}  // namespace podmedic
