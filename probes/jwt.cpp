#include "probes/jwt.hpp"

#include "probes/grpc_message.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace podmedic::probes {

namespace {

constexpr std::string_view white_space = " \t\r\n";

/// RFC 4648, 5: the alphabet that is safe in URLs.
std::optional<std::string> decoded_base64url(std::string text) {
  if (text.find_first_of("+/=") != std::string::npos) return std::nullopt;
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  return grpc::decoded_base64(text);
}

/// NumericDate: a number of seconds, with or without a fraction. One that no calendar has is none.
std::optional<std::int64_t> date_in(const nlohmann::json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const double seconds = found->get<double>();
  if (!(seconds >= 0 && seconds < 1e12)) return std::nullopt;
  return static_cast<std::int64_t>(seconds);
}

}  // namespace

std::optional<token_validity> parse_jwt(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(white_space), text.size()));
  text = text.substr(0, text.find_last_not_of(white_space) + 1);
  if (std::count(text.begin(), text.end(), '.') != 2) return std::nullopt;
  const std::size_t first = text.find('.');
  const std::size_t second = text.find('.', first + 1);
  const auto payload = decoded_base64url(std::string(text.substr(first + 1, second - first - 1)));
  if (first == 0 || !payload) return std::nullopt;
  const auto claims = nlohmann::json::parse(*payload, nullptr, false);
  if (!claims.is_object()) return std::nullopt;
  return token_validity{date_in(claims, "nbf"), date_in(claims, "exp")};
}

}  // namespace podmedic::probes
