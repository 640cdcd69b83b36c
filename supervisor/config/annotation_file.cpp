#include "base/scalars.hpp"
#include "supervisor/config/configuration.hpp"
#include "supervisor/config/go_string.hpp"

#include <algorithm>

namespace podmedic::config {

annotations parse_annotation_file(std::string_view text, mistakes& found) {
  annotations result;
  for (int line = 1; !text.empty(); ++line) {
    const std::string_view row = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), row.size() + 1));
    if (row.empty()) continue;
    const std::size_t equals = row.find('=');
    const auto complain = [&](std::string_view key, std::size_t at, const std::string& message) {
      found.push_back({key.empty() ? "annotations" : printable(key, 128), line, static_cast<int>(at) + 1, "", message});
    };
    if (equals == std::string_view::npos || equals == 0) {
      complain("", 0, "expected key=\"value\"");
      continue;
    }
    const std::string_view key = row.substr(0, equals);
    const auto value = unquote_go_string(row.substr(equals + 1));
    if (const auto* wrong = std::get_if<go_string_error>(&value)) {
      complain(key, equals + 1 + wrong->at, wrong->message);
    } else if (!result.emplace(key, std::get<std::string>(value)).second) {
      complain(key, 0, "is given twice; the first value stands");
    }
  }
  return result;
}

}  // namespace podmedic::config
