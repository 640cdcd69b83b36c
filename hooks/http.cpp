#include "base/http_client.hpp"
#include "base/tls_fields.hpp"
#include "base/url.hpp"
#include "hooks/kinds.hpp"

#include <charconv>
#include <utility>

namespace podmedic::hooks {
namespace {

namespace asio = boost::asio;

constexpr std::size_t quoted_bytes = 120;  // of an unexpected answer's body

struct status_range {
  int least = 200;
  int most = 299;
};

/// "204" or "200-299"; nothing where it is neither.
std::optional<status_range> parse_status_range(std::string_view text) {
  status_range range;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, range.least);
  if (first.ec != std::errc()) return std::nullopt;
  range.most = range.least;
  if (first.ptr != end) {
    if (*first.ptr != '-') return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, range.most);
    if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  }
  if (range.least < 100 || range.most > 599 || range.least > range.most) return std::nullopt;
  return range;
}

class http_hook final : public hook {
 public:
  http_hook(http_client& http, http_request request, status_range expected)
      : http_(http), request_(std::move(request)), expected_(expected) {}

  asio::awaitable<std::optional<std::string>> run(milliseconds timeout) override {
    http_request request = request_;
    request.timeout = timeout;
    const http_result result = co_await http_.send(std::move(request));
    if (const auto* failure = std::get_if<http_failure>(&result)) co_return failure->message;
    co_return judge(std::get<http_response>(result));
  }

 private:
  std::optional<std::string> judge(const http_response& response) const {
    if (response.status >= expected_.least && response.status <= expected_.most) return std::nullopt;
    std::string message = request_.method + " " + request_.url + ": answered " + std::to_string(response.status);
    if (!response.body.empty()) message += ": " + response.body.substr(0, quoted_bytes);
    return message;
  }

  http_client& http_;
  http_request request_;
  status_range expected_;
};

bool has_control_character(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  }
  return false;
}

void read_headers(fields& own, http_request& request) {
  for (const auto& [name, value] : own.text_map("headers")) {
    if (name.empty() || has_control_character(name + value) || name.find(':') != std::string::npos) {
      own.complain("headers", "a header's name or value must hold no control characters, and its name no colon");
      continue;
    }
    request.headers.push_back(name + ": " + value);
  }
}

void read_method(fields& own, http_request& request, std::string_view fallback) {
  request.method = own.text("method", std::string(fallback));
  const bool letters = request.method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
  if (!letters || request.method.empty()) own.complain("method", "a method in capitals is expected, as in POST");
}

}  // namespace

spec read_http(fields& own, std::string_view default_method) {
  http_request request;
  request.url = own.required_text("url");
  if (!request.url.empty() && !parse_url(request.url)) {
    own.complain("url", "an http: or https: URL without a user name is expected, as in \"http://127.0.0.1:8080/path\"");
  }
  read_method(own, request, default_method);
  read_headers(own, request);
  request.body = own.text("body", "");
  request.tls = read_tls(own);
  const auto expected = parse_status_range(own.text("expectStatus", "200-299"));
  if (!expected) own.complain("expectStatus", "a status or a range of them is expected, as in 204 or \"200-299\"");
  own.finish();
  if (own.failed()) return {};

  spec read;
  read.target = "http " + request.method + " " + request.url;
  read.make = [request, range = *expected](const surroundings& around) -> std::unique_ptr<hook> {
    return std::make_unique<http_hook>(around.http, request, range);
  };
  return read;
}

spec read_http(fields& own) {
  return read_http(own, "POST");
}

}  // namespace podmedic::hooks
