#include "supervisor/config/go_string.hpp"

#include <charconv>
#include <cstdint>
#include <optional>

namespace podmedic::config {
namespace {

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6);
    byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  } else {
    byte(0xf0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3f));
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  }
}

/// Exactly `count` digits at the front of the text.
std::optional<std::uint32_t> digits(std::string_view text, std::size_t count, int base) {
  if (text.size() < count) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + count, value, base);
  if (fault != std::errc() || end != text.data() + count) return std::nullopt;
  return value;
}

/// What follows the backslash is decoded into `out`; returns how many bytes it was, or 0 where it is no escape of Go.
std::size_t decode_escape(std::string_view rest, std::string& out) {
  static constexpr std::string_view letters = "abfnrtv\\\"";
  static constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\\"";
  if (rest.empty()) return 0;
  if (const auto at = letters.find(rest[0]); at != std::string_view::npos) {
    out += meanings[at];
    return 1;
  }
  if (rest[0] >= '0' && rest[0] <= '7') {
    const auto value = digits(rest, 3, 8);
    if (!value || *value > 0xff) return 0;
    out += static_cast<char>(static_cast<unsigned char>(*value));
    return 3;
  }
  if (rest[0] != 'x' && rest[0] != 'u' && rest[0] != 'U') return 0;
  const std::size_t count = rest[0] == 'x' ? 2 : rest[0] == 'u' ? 4 : 8;
  const auto value = digits(rest.substr(1), count, 16);
  if (!value) return 0;
  if (rest[0] == 'x') {
    out += static_cast<char>(static_cast<unsigned char>(*value));
  } else {
    if (*value > 0x10ffff || (*value >= 0xd800 && *value < 0xe000)) return 0;
    append_utf8(out, *value);
  }
  return 1 + count;
}

}  // namespace

std::variant<std::string, go_string_error> unquote_go_string(std::string_view text) {
  if (text.empty() || text[0] != '"') return go_string_error{0, "expected a value in double quotes"};
  std::string value;
  for (std::size_t i = 1; i < text.size();) {
    if (text[i] == '"') {
      if (i + 1 == text.size()) return value;
      return go_string_error{i + 1, "expected the end of the line after the closing quote"};
    }
    if (text[i] == '\n') break;
    if (text[i] != '\\') {
      value += text[i++];
      continue;
    }
    const std::size_t length = decode_escape(text.substr(i + 1), value);
    if (length == 0) return go_string_error{i, "not an escape of a Go string"};
    i += 1 + length;
  }
  return go_string_error{text.size(), "expected a closing quote"};
}

}  // namespace podmedic::config
