#include "probes/http_target.hpp"

#include "base/http_fields.hpp"
#include "base/own_addresses.hpp"
#include "base/url.hpp"
#include "probes/target_host.hpp"

#include <array>

namespace podmedic::probes {

namespace {

std::string read_url(fields& own) {
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

std::string read_parts(fields& own, std::string default_path) {
  constexpr std::array<std::string_view, 2> schemes = {"HTTP", "HTTPS"};
  constexpr std::array<std::string_view, 2> written = {"http", "https"};
  url place;
  place.scheme = written[own.word("scheme", 0, schemes)];
  place.port = own.required_port("port");
  place.host = read_host(own);
  place.path = own.text("path", std::move(default_path));
  if (!place.path.starts_with('/')) {
    place.path.insert(0, "/");
  }
  const std::string address = place.to_text();
  if (place.port != 0 && !parse_url(address)) {
    own.complain("path", "expected a path as it stands in a URL, without spaces and control characters");
  }
  return address;
}

}  // namespace

http_request read_http_target(fields& own, std::string default_path) {
  http_request request;
  request.url = own.has("url") ? read_url(own) : read_parts(own, std::move(default_path));
  request.headers = read_http_headers(own);
  if (const auto tls = read_tls(own)) {
    request.tls = *tls;
    if (!request.url.starts_with("https:")) {
      own.complain("tls", "is for https only");
    }
  }
  return request;
}

bool is_own_target(const http_request& request) {
  const auto place = parse_url(request.url);
  return place && is_own_address(place->host);
}

}  // namespace podmedic::probes
