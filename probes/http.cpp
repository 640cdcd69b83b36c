#include "base/clock.hpp"
#include "base/foreign_text.hpp"
#include "base/http_client.hpp"
#include "base/http_fields.hpp"
#include "base/own_addresses.hpp"
#include "base/status_ranges.hpp"
#include "base/url.hpp"
#include "probes/http_expectation.hpp"
#include "probes/network_verdict.hpp"
#include "probes/registry.hpp"
#include "probes/target_host.hpp"

#include <array>

namespace podmedic::probes {

using namespace std::chrono_literals;

namespace {

constexpr milliseconds shortest = 1ms;
constexpr milliseconds longest = std::chrono::hours(1);

struct expectation {
  status_ranges status;
  std::string body_contains;
  std::optional<milliseconds> max_latency;
};

class http_probe final : public probe {
 public:
  http_probe(http_client& client, http_request request, expectation expected)
      : client_(client), request_(std::move(request)), expected_(std::move(expected)) {}

  boost::asio::awaitable<verdict> check(milliseconds timeout) override {
    const auto search = std::make_shared<text_search>(expected_.body_contains);
    http_request request = request_;
    request.timeout = timeout;
    // The body is read to its end, however long it is: a stream must finish. The timeout bounds it.
    request.on_body = [search](std::string_view piece) {
      search->take(piece);
      return true;
    };
    auto asking = client_.send(std::move(request));
    const http_result result = co_await std::move(asking);
    if (const auto* failed = std::get_if<http_failure>(&result)) {
      co_return verdict_of(*failed, "RequestTimedOut");
    }
    co_return judge(std::get<http_response>(result), search->found());
  }

 private:
  verdict judge(const http_response& answer, bool text_found) const {
    const std::string asked = request_.method + " " + request_.url + ": ";
    if (!expected_.status.contains(answer.status)) {
      const bool answered_no = answer.status >= 500;
      return fail{{"UnexpectedStatus", asked + "status " + std::to_string(answer.status)}, answered_no};
    }
    if (!text_found) {
      const std::string text = "\"" + foreign_text(expected_.body_contains, 64) + "\"";
      return fail{{"UnexpectedBody", asked + "the body does not contain " + text}};
    }
    const std::string latency = to_text(answer.first_byte);
    if (expected_.max_latency && answer.first_byte > *expected_.max_latency) {
      return fail{{"TooSlow", asked + "the answer began after " + latency + ", later than " +
                                  to_text(*expected_.max_latency)}};
    }
    return pass{"status " + std::to_string(answer.status) + " in " + latency};
  }

  http_client& client_;
  const http_request request_;
  const expectation expected_;
};

/// `url`, or Kubernetes' httpGet: port, host, path, scheme.
std::string read_address(fields& own) {
  if (own.has("url")) {
    const std::string given = own.required_text("url");
    const auto parsed = parse_url(given);
    if (!parsed) {
      own.complain("url", "expected http://HOST:PORT/PATH or https://…, without user and password");
    }
    for (const std::string_view other : {"port", "host", "path", "scheme"}) {
      if (own.has(other)) {
        own.complain(other, "is part of url already");
      }
    }
    return parsed ? parsed->to_text() : given;
  }
  constexpr std::array<std::string_view, 2> schemes = {"HTTP", "HTTPS"};
  constexpr std::array<std::string_view, 2> written = {"http", "https"};
  url place;
  place.scheme = written[own.word("scheme", 0, schemes)];
  place.port = own.required_port("port");
  place.host = read_host(own);
  place.path = own.text("path", "/");
  if (!place.path.starts_with('/')) {
    place.path.insert(0, "/");
  }
  const std::string address = place.to_text();
  if (place.port != 0 && !parse_url(address)) {
    own.complain("path", "expected a path as it stands in a URL, without spaces and control characters");
  }
  return address;
}

std::optional<milliseconds> read_bound(fields& own, std::string_view name) {
  return own.has(name) ? std::optional(own.seconds(name, longest, shortest, longest)) : std::nullopt;
}

}  // namespace

/// http: docs/probes/http.md.
spec read_http(fields& own) {
  http_request request;
  request.url = read_address(own);
  request.method = read_http_method(own, "GET");
  request.headers = read_http_headers(own);
  request.body = own.text("body", "");
  request.max_gap = read_bound(own, "maxGapSeconds");
  if (const auto tls = read_tls(own)) {
    request.tls = *tls;
    if (!request.url.starts_with("https:")) {
      own.complain("tls", "is for https only");
    }
  }
  const auto status = status_ranges::parse(own.text("expectStatus", "200-399"));
  if (!status) {
    own.complain("expectStatus", "expected codes from 100 to 599, as in \"200-399\" or \"200,204\"");
  }
  const expectation expected{status.value_or(status_ranges{}), own.text("bodyContains", ""),
                             read_bound(own, "maxLatencySeconds")};
  own.finish();
  const auto place = parse_url(request.url);
  return {.target = "http " + request.method + " " + foreign_text(request.url),
          .local = place && is_own_address(place->host),
          .make = [request, expected](const surroundings& around) -> std::unique_ptr<probe> {
            return std::make_unique<http_probe>(around.http, request, expected);
          }};
}

}  // namespace podmedic::probes
