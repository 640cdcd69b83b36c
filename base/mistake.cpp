#include "base/fields.hpp"

namespace podmedic {

bool lies_in(std::string_view field, std::string_view outer) {
  if (outer.empty() || field == outer) return true;
  return field.starts_with(outer) && (field[outer.size()] == '.' || field[outer.size()] == '[');
}

std::string mistake::to_text() const {
  std::string text = source;
  if (line > 0) text += ", line " + std::to_string(line) + ", column " + std::to_string(column);
  if (!field.empty()) text += ", " + field;
  return text + ": " + message;
}

}  // namespace podmedic
