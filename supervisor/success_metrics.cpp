#include "supervisor/success_metrics.hpp"

#include "base/clock.hpp"
#include "supervisor/metric_page.hpp"

#include <fmt/format.h>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <variant>

namespace podmedic {
namespace asio = boost::asio;
namespace {

using reading = policy::event::success_metrics_read;

std::variant<double, diagnosis> value_or_zero(const probes::metric_selector& of, const probes::selected_metric& found) {
  const bool not_counted_yet = found.matching == 0 && found.others > 0 && found.not_read.empty();
  return not_counted_yet ? std::variant<double, diagnosis>(0.0) : probes::value_of(of, found);
}

}  // namespace

reading::one judge_metric(const config::success_metric& asked, const std::vector<probes::selected_metric>& found) {
  const auto above = value_or_zero(asked.metric, found.at(0));
  if (const auto* why = std::get_if<diagnosis>(&above)) return {std::nullopt, asked.name() + ": " + why->message};
  double value = std::get<double>(above);
  if (asked.per) {
    const auto below = value_or_zero(*asked.per, found.at(1));
    if (const auto* why = std::get_if<diagnosis>(&below)) return {std::nullopt, asked.name() + ": " + why->message};
    if (std::get<double>(below) == 0) return {};
    value /= std::get<double>(below);
  }
  if (!std::isfinite(value)) return {std::nullopt, asked.name() + " is no finite number"};
  if (asked.at_most && value > *asked.at_most) {
    return {value, fmt::format("{} is {:g}, atMost is {:g}", asked.name(), value, *asked.at_most)};
  }
  if (asked.at_least && value < *asked.at_least) {
    return {value, fmt::format("{} is {:g}, atLeast is {:g}", asked.name(), value, *asked.at_least)};
  }
  return {value};
}

asio::awaitable<reading> read_success_metrics(http_client& http, std::vector<config::success_metric> all,
                                              milliseconds limit) {
  constexpr milliseconds request_time{1'000};
  const instant deadline = boot_now() + limit;
  reading read;
  for (const config::success_metric& asked : all) {
    http_request request = asked.request;
    request.timeout = std::min(request_time, deadline - boot_now());
    if (request.timeout.count() <= 0) {
      read.each.push_back({std::nullopt, asked.name() + ": no time was left to read it"});
      continue;
    }
    std::vector<probes::metric_selector> wanted{asked.metric};
    if (asked.per) wanted.push_back(*asked.per);
    auto reading_page = read_metric_page(http, std::move(request), std::move(wanted));
    const auto page = co_await std::move(reading_page);
    if (const auto* why = std::get_if<std::string>(&page)) {
      read.each.push_back({std::nullopt, asked.name() + ": " + *why});
    } else {
      read.each.push_back(judge_metric(asked, std::get<std::vector<probes::selected_metric>>(page)));
    }
  }
  co_return read;
}

std::map<std::string, double> values_of(const std::vector<config::success_metric>& all, const reading& read) {
  std::map<std::string, double> values;
  for (std::size_t i = 0; i < all.size() && i < read.each.size(); ++i) {
    if (read.each[i].value) values[all[i].name()] = *read.each[i].value;
  }
  return values;
}

}  // namespace podmedic
