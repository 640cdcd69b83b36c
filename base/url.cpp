#include "base/url.hpp"

#include <curl/curl.h>

#include <charconv>
#include <memory>

namespace podmedic {

namespace {

struct cleanup {
  void operator()(CURLU* parsed) const { curl_url_cleanup(parsed); }
  void operator()(char* text) const { curl_free(text); }
};

std::optional<std::string> part_of(CURLU* parsed, CURLUPart part, unsigned flags) {
  char* raw = nullptr;
  const bool found = curl_url_get(parsed, part, &raw, flags) == CURLUE_OK;
  const std::unique_ptr<char, cleanup> text(raw);
  return found && text != nullptr ? std::optional<std::string>(text.get()) : std::nullopt;
}

}  // namespace

std::optional<url> parse_url(std::string_view text) {
  const std::unique_ptr<CURLU, cleanup> parsed(curl_url());
  const std::string whole(text);
  if (curl_url_set(parsed.get(), CURLUPART_URL, whole.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK) {
    return std::nullopt;
  }
  const auto scheme = part_of(parsed.get(), CURLUPART_SCHEME, 0);
  auto host = part_of(parsed.get(), CURLUPART_HOST, 0);
  const auto port = part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const auto path = part_of(parsed.get(), CURLUPART_PATH, 0);
  const auto query = part_of(parsed.get(), CURLUPART_QUERY, 0);
  if (!scheme || !host || !port || (*scheme != "http" && *scheme != "https")) {
    return std::nullopt;
  }
  url result{.scheme = *scheme, .host = *host, .port = 0, .path = path.value_or("/")};
  for (char& letter : result.host) {
    letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  if (result.host.starts_with('[') && result.host.ends_with(']')) {
    result.host = result.host.substr(1, result.host.size() - 2);
  }
  const auto [end, error] = std::from_chars(port->data(), port->data() + port->size(), result.port);
  if (error != std::errc() || result.port == 0 || end != port->data() + port->size()) {
    return std::nullopt;
  }
  if (query) {
    result.path += "?" + *query;
  }
  return result;
}

std::string url::to_text() const {
  return scheme + "://" + host_and_port(host, port) + path;
}

std::string host_and_port(std::string_view host, std::uint16_t port) {
  const bool bare_ipv6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
  const std::string written = bare_ipv6 ? "[" + std::string(host) + "]" : std::string(host);
  return written + ":" + std::to_string(port);
}

}  // namespace podmedic
