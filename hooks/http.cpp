#include "base/foreign_text.hpp"
#include "base/http_client.hpp"
#include "base/http_fields.hpp"
#include "base/status_ranges.hpp"
#include "base/url.hpp"
#include "hooks/kinds.hpp"

#include <utility>

namespace podmedic::hooks {
namespace {

namespace asio = boost::asio;

class http_hook final : public hook {
 public:
  http_hook(const surroundings& around, http_request request, status_ranges expected)
      : http_(around.http), keep_(around.output), request_(std::move(request)), expected_(std::move(expected)) {}

  asio::awaitable<std::optional<std::string>> run(milliseconds timeout) override {
    http_request request = request_;
    request.timeout = timeout;
    if (keep_ != nullptr) {
      // In pieces: of an answer that does not end in time, or is too large, what had come is kept.
      keep_->clear();
      request.on_body = [keep = keep_](std::string_view piece) {
        keep->append(piece.substr(0, max_kept_output - keep->size()));
        return keep->size() < max_kept_output;
      };
    }
    const http_result result = co_await http_.send(std::move(request));
    if (const auto* failure = std::get_if<http_failure>(&result)) co_return failure->message;
    co_return judge(std::get<http_response>(result));
  }

 private:
  std::optional<std::string> judge(const http_response& response) const {
    if (expected_.contains(response.status)) return std::nullopt;
    std::string message = request_.method + " " + request_.url + ": answered " + std::to_string(response.status);
    const std::string_view body = keep_ != nullptr ? *keep_ : response.body;
    if (!body.empty()) message += ": " + foreign_text(body);
    return message;
  }

  http_client& http_;
  std::string* keep_;
  http_request request_;
  status_ranges expected_;
};

}  // namespace

spec read_http(fields& own, std::string_view default_method) {
  http_request request;
  request.url = own.required_text("url");
  if (!request.url.empty() && !parse_url(request.url)) {
    own.complain("url", "expected http://HOST:PORT/PATH or https://…, without user and password");
  }
  request.method = read_http_method(own, std::string(default_method));
  request.headers = read_http_headers(own);
  request.body = own.text("body", "");
  if (const auto tls = read_tls(own)) {
    request.tls = *tls;
    if (!request.url.starts_with("https:")) own.complain("tls", "is for https only");
  }
  const auto expected = status_ranges::parse(own.text("expectStatus", "200-299"));
  if (!expected) own.complain("expectStatus", "expected codes from 100 to 599, as in \"200-299\" or \"200,204\"");
  own.finish();
  if (own.failed()) return {};

  spec read;
  read.target = "http " + request.method + " " + foreign_text(request.url);
  read.make = [request, range = *expected](const surroundings& around) -> std::unique_ptr<hook> {
    return std::make_unique<http_hook>(around, request, range);
  };
  return read;
}

spec read_http(fields& own) {
  return read_http(own, "POST");
}

}  // namespace podmedic::hooks
