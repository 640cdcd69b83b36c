#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace podmedic {

struct utf8_character {
  char32_t code;
  std::size_t length;  ///< in bytes
};

/// The character at the front of a text that is not empty; nothing where that is no UTF-8 (RFC 3629: overlong forms and
/// surrogates are none).
std::optional<utf8_character> first_character(std::string_view text);
/// Of C0, C1 and DEL.
bool is_control_character(char32_t code);

}  // namespace podmedic
