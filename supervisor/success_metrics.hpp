#pragma once
#include "base/http_client.hpp"
#include "probes/metric_stream.hpp"
#include "supervisor/config/configuration.hpp"
#include "supervisor/policy/events.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <string>
#include <vector>

namespace podmedic {

/// Reads each metric, one after the other, all within `limit`, and holds it against its bounds.
boost::asio::awaitable<policy::event::success_metrics_read> read_success_metrics(
    http_client& http, std::vector<config::success_metric> all, milliseconds limit);

/// By name, those that could be read.
std::map<std::string, double> values_of(const std::vector<config::success_metric>& all,
                                        const policy::event::success_metrics_read& read);

/// What was found of metric, and of per where there is one, against the bounds: pure. A label set that is not there of
/// a metric that is counts as 0, since client libraries show none before its first event; and where nothing has
/// happened yet (per is 0) nothing speaks against recovery.
policy::event::success_metrics_read::one judge_metric(const config::success_metric& asked,
                                                      const std::vector<probes::selected_metric>& found);

}  // namespace podmedic
