#include "base/foreign_text.hpp"
#include "base/http_client.hpp"
#include "probes/http_target.hpp"
#include "probes/main_process.hpp"
#include "probes/metric_stream.hpp"
#include "probes/progress_judge.hpp"
#include "probes/registry.hpp"

#include <chrono>
#include <memory>

namespace podmedic::probes {

using namespace std::chrono_literals;

namespace {

struct progress_source {
  http_request request;
  std::vector<metric_selector> metrics;  ///< those of pending work, then the counters
  std::size_t of_pending = 0;            ///< how many of them
};

progress_sample sample_of(const progress_source& from, const std::vector<selected_metric>& found) {
  progress_sample sample;
  for (std::size_t i = 0; i < from.metrics.size(); ++i) {
    const auto value = value_of(from.metrics[i], found[i]);
    if (const auto* why = std::get_if<diagnosis>(&value)) {
      sample.unread = diagnosis{why->reason, foreign_text(from.request.url) + ": " + why->message};
      return sample;
    }
    if (i < from.of_pending) {
      sample.pending += std::get<double>(value);
    } else {
      sample.counters.push_back(std::get<double>(value));
    }
  }
  return sample;
}

class progress_probe final : public probe {
 public:
  progress_probe(const surroundings& around, progress_source source, progress_settings settings)
      : around_(around), source_(std::move(source)), judge_(std::move(settings)) {}

  boost::asio::awaitable<verdict> check(milliseconds timeout) override {
    const auto stream = std::make_shared<metric_stream>(source_.metrics);
    http_request request = source_.request;
    request.timeout = timeout;
    request.on_body = [stream](std::string_view piece) {
      stream->take(piece);
      return true;
    };
    const auto at = std::chrono::steady_clock::now().time_since_epoch();
    auto asking = around_.http.send(std::move(request));
    const http_result result = co_await std::move(asking);
    stream->finish();
    progress_sample sample = unread(result);
    if (!sample.unread) sample = sample_of(source_, stream->found());
    sample.main_process = main_process(around_);
    if (around_.on_sample) around_.on_sample(sample.to_text());
    co_return judge_.judge(sample, std::chrono::duration_cast<milliseconds>(at));
  }

 private:
  /// Whoever is to be judged by whether the endpoint answers has an http probe of its own.
  progress_sample unread(const http_result& result) const {
    progress_sample sample;
    if (const auto* failed = std::get_if<http_failure>(&result)) {
      sample.unread = diagnosis{"MetricsNotRead", failed->message};
    } else if (const int status = std::get<http_response>(result).status; status != 200) {
      sample.unread = diagnosis{"MetricsNotRead", source_.request.url + ": status " + std::to_string(status)};
    }
    return sample;
  }

  const surroundings around_;
  const progress_source source_;
  progress_judge judge_;
};

/// One selector, or a list of them; its texts are added to `names`.
std::vector<metric_selector> read_metrics(fields& own, std::string_view field, std::string& names) {
  std::vector<metric_selector> metrics;
  const std::vector<std::string> texts = own.text_or_texts(field);
  if (texts.empty() && !own.failed(field)) own.complain(field, "is required: a metric, or a list of them");
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto metric = metric_selector::parse(texts[i]);
    if (!metric) {
      own.complain(field, i,
                   "expected a metric as in requests_running or requests_running{queue=\"high\",model!=\"x\"}; "
                   "= and != are known");
      continue;
    }
    names += (names.empty() ? "" : ", ") + metric->to_text();
    metrics.push_back(std::move(*metric));
  }
  return metrics;
}

}  // namespace

/// progress: docs/probes/progress.md.
spec read_progress(fields& own) {
  progress_source source;
  progress_settings settings;
  source.request = read_http_target(own, "/metrics");
  source.request.headers.emplace_back("Accept: text/plain;version=0.0.4,*/*;q=0.1");
  source.metrics = read_metrics(own, "pending", settings.pending);
  source.of_pending = source.metrics.size();
  for (metric_selector& each : read_metrics(own, "counter", settings.counters)) {
    source.metrics.push_back(std::move(each));
  }
  settings.stalled = own.seconds("stalledSeconds", settings.stalled, 100ms, 24h);
  own.finish();
  return {.target = "progress " + foreign_text(source.request.url) + " " + settings.counters,
          .local = is_own_target(source.request),
          .make = [source, settings](const surroundings& around) -> std::unique_ptr<probe> {
            return std::make_unique<progress_probe>(around, source, settings);
          },
          .replay = [settings]() -> sample_judge {
            return [judge = progress_judge(settings)](std::string_view sample, milliseconds at) mutable {
              return judge.judge(progress_sample::parse(sample), at);
            };
          }};
}

}  // namespace podmedic::probes
