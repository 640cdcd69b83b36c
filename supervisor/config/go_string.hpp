#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace podmedic::config {

/// Where in the text, in bytes from 0, and what is wrong there.
struct go_string_error {
  std::size_t at;
  std::string message;
};

/// Go's strconv.Unquote of an interpreted (double-quoted) string literal: \a \b \f \n \r \t \v \\ \" \ooo \xhh \uhhhh
/// \Uhhhhhhhh. The whole text must be one literal. \x and \ooo give bytes, so the result need not be UTF-8.
std::variant<std::string, go_string_error> unquote_go_string(std::string_view text);

}  // namespace podmedic::config
