#include "base/foreign_text.hpp"
#include "base/http_client.hpp"
#include "base/http_fields.hpp"
#include "probes/event_stream.hpp"
#include "probes/http_expectation.hpp"
#include "probes/http_judge.hpp"
#include "probes/http_target.hpp"
#include "probes/registry.hpp"

#include <chrono>
#include <memory>

namespace podmedic::probes {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

constexpr milliseconds shortest = 1ms;
constexpr milliseconds longest = std::chrono::hours(1);

milliseconds since(steady::time_point began) {
  return std::chrono::duration_cast<milliseconds>(steady::now() - began);
}

class http_probe final : public probe {
 public:
  http_probe(const surroundings& around, http_request request, http_expectation expected)
      : client_(around.http),
        on_sample_(around.on_sample),
        request_(std::move(request)),
        text_(expected.body_contains),
        unwanted_(expected.body_lacks),
        judge_(std::move(expected)) {}

  boost::asio::awaitable<verdict> check(milliseconds timeout) override {
    struct reader {
      text_search search;
      text_search unwanted;
      body_measure body;
      event_stream events;
      bool warm = false;  ///< the piece that comes now only keeps the connection warm
    };
    const auto began = steady::now();
    const auto seen = std::make_shared<reader>(reader{text_search(text_), text_search(unwanted_), {}, {}});
    http_request request = request_;
    request.timeout = timeout;
    // The body is read to its end, however long it is: a stream must finish. The timeout bounds it.
    request.ends_gap = [seen](std::string_view piece, const http_response& head) {
      seen->warm = event_stream::is_one(head.header("content-type").value_or("")) && !seen->events.take(piece);
      return !seen->warm;
    };
    request.on_body = [seen, began](std::string_view piece) {
      seen->search.take(piece);
      seen->unwanted.take(piece);
      if (!seen->warm) seen->body.take(piece.size(), since(began));
      return true;
    };
    auto asking = client_.send(std::move(request));
    const http_result result = co_await std::move(asking);
    http_sample sample;
    sample.took = since(began);
    sample.body = seen->body;
    sample.text_found = seen->search.found();
    sample.unwanted_text_found = !unwanted_.empty() && seen->unwanted.found();
    take(result, sample);
    if (on_sample_) on_sample_(sample.to_text());
    co_return judge_.judge(sample);
  }

 private:
  static void take(const http_result& result, http_sample& into) {
    if (const auto* failed = std::get_if<http_failure>(&result)) {
      into.fault = failed->fault;
      into.message = failed->message;
      into.status = failed->status;
      into.first_byte = failed->first_byte;
    } else {
      const auto& answer = std::get<http_response>(result);
      into.status = answer.status;
      into.first_byte = answer.first_byte;
      into.retry_after = answer.retry_after();
    }
  }

  http_client& client_;
  const std::function<void(const std::string&)> on_sample_;
  const http_request request_;
  const std::string text_;
  const std::string unwanted_;
  const http_judge judge_;
};

std::optional<milliseconds> read_bound(fields& own, std::string_view name) {
  return own.has(name) ? std::optional(own.seconds(name, longest, shortest, longest)) : std::nullopt;
}

}  // namespace

/// http: docs/probes/http.md.
spec read_http(fields& own) {
  http_request request = read_http_target(own, "/");
  request.method = read_http_method(own, "GET");
  request.body = own.text("body", "");
  request.max_gap = read_bound(own, "maxGapSeconds");
  const auto status = status_ranges::parse(own.text("expectStatus", "200-399"));
  if (!status) {
    own.complain("expectStatus", "expected codes from 100 to 599, as in \"200-399\" or \"200,204\"");
  }
  const http_expectation expected{.asked = request.method + " " + request.url,
                                  .status = status.value_or(status_ranges{}),
                                  .body_contains = own.text("bodyContains", ""),
                                  .body_lacks = own.text("bodyLacks", ""),
                                  .max_latency = read_bound(own, "maxLatencySeconds"),
                                  .max_first_chunk = read_bound(own, "maxFirstChunkSeconds")};
  own.finish();
  return {.target = "http " + request.method + " " + foreign_text(request.url),
          .local = is_own_target(request),
          .make = [request, expected](const surroundings& around) -> std::unique_ptr<probe> {
            return std::make_unique<http_probe>(around, request, expected);
          },
          .replay = [expected]() -> sample_judge {
            return [judge = http_judge(expected)](std::string_view sample, milliseconds) {
              return judge.judge(http_sample::parse(sample));
            };
          }};
}

}  // namespace podmedic::probes
