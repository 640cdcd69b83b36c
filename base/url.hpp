#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace podmedic {

/// An absolute http: or https: URL (RFC 3986), taken apart by the parser that will use it, libcurl's: so what is judged
/// by its host is what is dialled. Odd spellings of IPv4 ("127.1") come out in dotted form.
struct url {
  std::string scheme;      ///< "http" or "https"
  std::string host;        ///< lower case; an IPv6 literal without brackets
  std::uint16_t port = 0;  ///< the scheme's default where none is given
  std::string path;        ///< with the query; at least "/"

  std::string to_text() const;
};

/// Nothing where it is no such URL, or carries a user name or password.
std::optional<url> parse_url(std::string_view text);

/// "host:port", with the brackets that an IPv6 literal needs.
std::string host_and_port(std::string_view host, std::uint16_t port);

}  // namespace podmedic
