#include "base/foreign_text.hpp"

namespace podmedic {

std::string foreign_text(std::string_view text, std::size_t longest) {
  constexpr std::string_view blank = " \t\r\n";
  const auto begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) {
    return {};
  }
  text = text.substr(begin, text.find_last_not_of(blank) + 1 - begin);
  std::string line(text.substr(0, longest));
  for (char& letter : line) {
    if (blank.find(letter) != std::string_view::npos) {
      letter = ' ';
    } else if (letter < 0x20 || letter > 0x7e) {
      letter = '?';
    }
  }
  return line.size() < text.size() ? line + "..." : line;
}

}  // namespace podmedic
