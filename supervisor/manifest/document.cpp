#include "supervisor/manifest/document.hpp"

#include <algorithm>

namespace podmedic::manifest {
namespace {

constexpr yaml::limits most{4UL * 1024 * 1024, 64};

/// `---` or `...` at the beginning of a line separates documents, whatever surrounds it (YAML 1.2, 9.1.2).
bool is_separator(std::string_view line) {
  if (!line.starts_with("---") && !line.starts_with("...")) return false;
  return line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r' || line[3] == '\n';
}

bool holds_something(std::string_view line) {
  const std::size_t at = line.find_first_not_of(" \t\r\n");
  if (at == std::string_view::npos || line[at] == '#') return false;
  return !is_separator(line) || line.find_first_not_of("-. \t\r\n") != std::string_view::npos;
}

bool has_containers(const node& spec) {
  const node* list = find(&spec, {"containers"});
  if (list == nullptr || list->is != node::kind::list || list->items.empty()) return false;
  return std::all_of(list->items.begin(), list->items.end(),
                     [](const node& each) { return member_of(&each, "name") != nullptr; });
}

void collect(const node& from, const node* object, std::vector<pod_template>& into) {
  if (member_of(&from, "kind") != nullptr && member_of(&from, "apiVersion") != nullptr) object = &from;
  if (const node* spec = find(&from, {"spec"}); spec != nullptr && has_containers(*spec)) {
    into.push_back({text_at(object, {"kind"}), text_at(object, {"metadata", "name"}), object, &from});
    return;
  }
  for (const yaml::member& each : from.members) collect(each.value, object, into);
  for (const node& each : from.items) collect(each, object, into);
}

/// Of a `|` block: the blanks before its first line that has more; nothing where a digit says so instead.
std::optional<int> indentation_of(std::string_view after_indicator) {
  const std::size_t header_end = std::min(after_indicator.find('\n'), after_indicator.size());
  if (after_indicator.substr(0, header_end).find_first_of("123456789") < 2) return std::nullopt;
  after_indicator.remove_prefix(header_end);
  const std::size_t first = after_indicator.find_first_not_of(" \r\n");
  if (first == std::string_view::npos) return std::nullopt;
  return static_cast<int>(first - after_indicator.rfind('\n', first) - 1);
}

/// Bytes of the source that one character of the value takes, and whether that is a line break. `rest` is not empty.
struct step {
  std::size_t bytes = 1;
  bool new_line = false;
};
step step_over(std::string_view rest, char quote) {
  if (quote == '\'' && rest.starts_with("''")) return {2};
  if (quote == '"' && rest[0] == '\\' && rest.size() > 1) {
    const std::size_t digits = rest[1] == 'x' ? 2 : rest[1] == 'u' ? 4 : rest[1] == 'U' ? 8 : 0;
    return {2 + digits, rest[1] == 'n'};
  }
  std::size_t bytes = 1;
  while (bytes < rest.size() && (static_cast<unsigned char>(rest[bytes]) & 0xc0U) == 0x80U) ++bytes;
  return {bytes};
}

std::size_t offset_of(std::string_view text, yaml::position at) {
  std::size_t begin = 0;
  for (int line = 0; line < at.line; ++line) begin = text.find('\n', begin) + 1;
  return begin + static_cast<std::size_t>(at.column);
}

}  // namespace

std::vector<document> documents_in(std::string_view file) {
  std::vector<document> all;
  document next;
  std::size_t begin = 0;
  bool something = false;
  const auto end_document = [&](std::size_t end, int line) {
    next.text = file.substr(begin, end - begin);
    if (something) {
      next.root = yaml::parse(next.text, next.errors, most);
      all.push_back(std::move(next));
    }
    next = {};
    next.line = line;
    begin = end;
    something = false;
  };
  int line = 0;
  for (std::size_t at = 0; at < file.size(); ++line) {
    const std::size_t end = std::min(file.find('\n', at), file.size() - 1) + 1;
    const std::string_view text = file.substr(at, end - at);
    if (at > 0 && is_separator(text)) end_document(at, line);
    something = something || holds_something(text);
    at = end;
  }
  end_document(file.size(), line);
  return all;
}

std::vector<pod_template> pods_in(const node& root) {
  std::vector<pod_template> found;
  collect(root, &root, found);
  return found;
}

std::optional<yaml::position> place_of(std::string_view document, const node& scalar, yaml::position in_value) {
  const std::string_view source = document.substr(offset_of(document, scalar.at));
  if (source.empty() || source[0] == '>') return std::nullopt;
  if (source[0] == '|') {
    const auto indentation = indentation_of(source.substr(1));
    if (!indentation) return std::nullopt;
    return yaml::position{scalar.at.line + 1 + in_value.line, *indentation + in_value.column};
  }
  const char quote = source[0] == '"' || source[0] == '\'' ? source[0] : '\0';
  std::size_t at = quote == '\0' ? 0 : 1;
  for (yaml::position value{1, 1}; value.line != in_value.line || value.column != in_value.column;) {
    if (at >= source.size() || source[at] == '\n' || value.line > in_value.line) return std::nullopt;
    const step over = step_over(source.substr(at), quote);
    at += over.bytes;
    value = over.new_line ? yaml::position{value.line + 1, 1} : yaml::position{value.line, value.column + 1};
  }
  return yaml::shown(document, {scalar.at.line, scalar.at.column + static_cast<int>(at)});
}

}  // namespace podmedic::manifest
