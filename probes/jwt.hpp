#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace podmedic::probes {

/// From when until when a token is valid (RFC 7519, 4.1.4 and 4.1.5): seconds since 1970.
struct token_validity {
  std::optional<std::int64_t> valid_from;
  std::optional<std::int64_t> valid_until;
};

/// Reads the claims of a JWT in its compact form (RFC 7515, 7.1). Its signature is not verified: whoever can write the
/// file could do worse. Nothing where the text is no JWT; white space around it is none of it.
std::optional<token_validity> parse_jwt(std::string_view text);

}  // namespace podmedic::probes
