#include "base/http_fields.hpp"

#include <algorithm>
#include <string_view>

namespace podmedic {
namespace {

std::string read_path(fields& tls, std::string_view name) {
  std::string path = tls.text(name, "");
  if (!path.empty() && path.front() != '/') tls.complain(name, "expected an absolute path");
  return path;
}

/// A token of RFC 9110, 5.6.2: what a method and a header's name consist of.
bool is_token(std::string_view text) {
  const auto allowed = [](char c) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || marks.find(c) != marks.npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

std::optional<tls_options> read_tls(fields& own) {
  auto given = own.object("tls");
  if (!given) return std::nullopt;
  tls_options tls{.ca_file = read_path(*given, "caFile"),
                  .certificate_file = read_path(*given, "certFile"),
                  .key_file = read_path(*given, "keyFile"),
                  .server_name = given->text("serverName", "")};
  if (tls.certificate_file.empty() != tls.key_file.empty()) {
    given->complain(tls.key_file.empty() ? "certFile" : "keyFile", "certFile and keyFile need each other");
  }
  given->finish();
  return tls;
}

std::vector<std::string> read_http_headers(fields& own) {
  std::vector<std::string> lines;
  for (fields& header : own.objects("httpHeaders")) {
    const std::string name = header.required_text("name");
    const std::string value = header.text("value", "");
    if (!name.empty() && !is_token(name)) header.complain("name", "expected a header's name, as in X-Reason");
    if (has_control_character(value)) header.complain("value", "has a line break or another control character");
    header.finish();
    // libcurl sends a header without a value only where a semicolon stands for the colon (CURLOPT_HTTPHEADER(3)).
    lines.push_back(value.empty() ? name + ";" : name + ": " + value);
  }
  return lines;
}

std::string read_http_method(fields& own, std::string fallback) {
  std::string method = own.text("method", std::move(fallback));
  if (!is_token(method)) own.complain("method", "expected an HTTP method, as GET or POST");
  return method;
}

}  // namespace podmedic
