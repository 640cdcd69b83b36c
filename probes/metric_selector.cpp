#include "probes/metric_selector.hpp"

#include <algorithm>

namespace podmedic::probes {

namespace metric_text {

void skip_blanks(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
}

std::string_view take_name(std::string_view& rest, bool with_colons) {
  skip_blanks(rest);
  const auto is_letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (with_colons && c == ':');
  };
  std::size_t size = 0;
  while (size < rest.size() && (is_letter(rest[size]) || (size > 0 && rest[size] >= '0' && rest[size] <= '9'))) ++size;
  const std::string_view name = rest.substr(0, size);
  rest.remove_prefix(size);
  return name;
}

bool take(std::string_view& rest, std::string_view word) {
  skip_blanks(rest);
  const bool there = rest.starts_with(word);
  if (there) rest.remove_prefix(word.size());
  return there;
}

bool take_quoted(std::string_view& rest, std::string& value) {
  if (!take(rest, "\"")) return false;
  value.clear();
  for (std::size_t at = 0; at < rest.size(); ++at) {
    if (rest[at] == '"') {
      rest.remove_prefix(at + 1);
      return true;
    }
    if (rest[at] != '\\') {
      value += rest[at];
      continue;
    }
    if (++at == rest.size()) return false;
    switch (rest[at]) {
      case 'n': value += '\n'; break;
      case '\\':
      case '"': value += rest[at]; break;
      default: value += {'\\', rest[at]};  // as Prometheus reads what is no escape
    }
  }
  return false;
}

}  // namespace metric_text

std::optional<metric_selector> metric_selector::parse(std::string_view text) {
  metric_selector selector;
  selector.name = metric_text::take_name(text, true);
  if (selector.name.empty()) return std::nullopt;
  if (metric_text::take(text, "{")) {
    while (!metric_text::take(text, "}")) {
      matcher one;
      one.label = metric_text::take_name(text, false);
      one.equal = !metric_text::take(text, "!=");
      if (one.label.empty() || (one.equal && !metric_text::take(text, "="))) return std::nullopt;
      if (!metric_text::take_quoted(text, one.value)) return std::nullopt;
      selector.matchers.push_back(std::move(one));
      if (!metric_text::take(text, ",") && !text.starts_with('}')) return std::nullopt;
    }
  }
  metric_text::skip_blanks(text);
  return text.empty() ? std::optional(std::move(selector)) : std::nullopt;
}

std::string metric_selector::to_text() const {
  std::string labels;
  for (const matcher& each : matchers) {
    labels += (labels.empty() ? "" : ",") + each.label + (each.equal ? "=\"" : "!=\"");
    for (const char c : each.value) {
      labels += c == '\n' ? "\\n" : c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    }
    labels += '"';
  }
  return labels.empty() ? name : name + "{" + labels + "}";
}

}  // namespace podmedic::probes
