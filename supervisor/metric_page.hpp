#pragma once
#include "base/http_client.hpp"
#include "probes/metric_stream.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <variant>
#include <vector>

namespace podmedic {

/// Reads metrics from a page of them, as Prometheus scrapes it: what was found of each selector, or why there is no
/// page, in one line. The request's timeout bounds it.
boost::asio::awaitable<std::variant<std::vector<probes::selected_metric>, std::string>> read_metric_page(
    http_client& http, http_request request, std::vector<probes::metric_selector> wanted);

}  // namespace podmedic
