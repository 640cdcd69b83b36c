#pragma once
#include "supervisor/policy/graceful_stop.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <vector>

namespace podmedic {

/// All lives of the other containers now, those with a zombie for a main process left out.
using look_at_lives = std::function<std::vector<policy::graceful_stop::life>()>;

/// Carries a graceful stop out: SIGTERM to whom `plan` names, as end_processes sends it (a stopped process is woken),
/// until it is over, which takes 0.1 s longer than its own time at most. Sends nothing harder: what is left, the
/// kubelet's reset ends. Returns within some 5 ms of the last end, because the kubelet starts anew what has ended as
/// long as podmedic runs.
boost::asio::awaitable<void> stop_gracefully(policy::graceful_stop plan, look_at_lives look);

}  // namespace podmedic
