#include "base/foreign_text.hpp"
#include "probes/http_target.hpp"
#include "supervisor/config/parts.hpp"

#include <algorithm>

namespace podmedic::config {
namespace {

constexpr std::size_t most_metrics = 8;

std::optional<probes::metric_selector> read_selector(fields& in, std::string_view field, const std::string& given) {
  auto selector = probes::metric_selector::parse(given);
  if (!selector && !given.empty()) {
    in.complain(field, "expected a metric as in requests_total or requests_total{code!=\"200\"}");
  }
  return selector;
}

std::optional<double> read_bound(fields& in, std::string_view field) {
  constexpr double most = 1e15;
  if (!in.has(field)) return std::nullopt;
  return in.number(field, 0, -most, most);
}

success_metric read_one(fields& in) {
  success_metric read;
  read.request = probes::read_http_target(in, "/metrics");
  if (auto metric = read_selector(in, "metric", in.required_text("metric"))) read.metric = std::move(*metric);
  if (in.has("per")) read.per = read_selector(in, "per", in.required_text("per"));
  read.at_most = read_bound(in, "atMost");
  read.at_least = read_bound(in, "atLeast");
  if (!read.at_most && !read.at_least) in.complain("", "expected atMost, atLeast, or both");
  if (read.at_most && read.at_least && *read.at_most < *read.at_least) {
    in.complain("atMost", "is less than atLeast, so that nothing keeps both");
  }
  in.finish();
  return read;
}

}  // namespace

std::string success_metric::name() const {
  return foreign_text(metric.to_text() + (per ? " / " + per->to_text() : std::string()));
}

void read_success_metrics(fields& success, configuration& into) {
  constexpr std::string_view name = "metrics";
  if (!success.has(name)) return;
  std::vector<success_metric> all;
  std::vector<std::string> names;
  for (fields& each : success.objects(name)) {
    all.push_back(read_one(each));
    names.push_back(all.back().name());
    if (std::count(names.begin(), names.end(), names.back()) > 1) each.complain("metric", "this metric is given twice");
  }
  if (all.size() > most_metrics) {
    success.complain(name, most_metrics, "there may be at most " + std::to_string(most_metrics));
  }
  if (success.failed(name)) return;
  into.rules.success.metrics = std::move(names);
  into.success_metrics = std::move(all);
}

}  // namespace podmedic::config
