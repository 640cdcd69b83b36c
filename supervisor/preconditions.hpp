#pragma once
#include "base/http_client.hpp"
#include "supervisor/config/configuration.hpp"
#include "supervisor/policy/events.hpp"

#include <boost/asio/awaitable.hpp>

#include <string_view>
#include <vector>

namespace podmedic {

/// Asks each precondition, one after the other, all within policy::precondition_time: one for which no time is left is
/// silent. In their order. Never throws for what the other side does.
boost::asio::awaitable<policy::event::preconditions_answered> ask_preconditions(
    http_client& http, std::vector<config::precondition_entry> all);

/// What Prometheus' answer to a query means (prometheus.io/docs/prometheus/latest/querying/api): pure. A query holds
/// where it has a result, and no value of it is 0 or not a number; noAlert where it has none. An error, an answer that
/// is none, and one with warnings, which may be a part of the whole, are silence.
policy::event::preconditions_answered::one judge_prometheus(const config::precondition_entry& asked, int status,
                                                            std::string_view body);

}  // namespace podmedic
