#include "supervisor/manifest/emit.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace podmedic::manifest {
namespace {

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool is_plain(std::string_view text) {
  const auto is_safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-@$()").find(c) != std::string_view::npos;
  };
  // A colon is part of a plain scalar where no blank follows it, as in an image's name.
  const auto is_safe_inside = [&](char c) { return is_safe(c) || c == ':'; };
  if (text.empty() || !is_safe(text.front()) || text.front() == '-' || text.front() == '@' || !is_safe(text.back()))
    return false;
  return std::all_of(text.begin(), text.end(), is_safe_inside);
}

/// What YAML 1.1, which kubectl reads, takes for a flag or nothing.
bool is_word_of_yaml(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* word : {"true", "false", "yes", "no", "on", "off", "y", "n", "null", "~"}) {
    if (text == word) return true;
  }
  return false;
}

bool begins_like_number(std::string_view text) {
  return !text.empty() && ((text[0] >= '0' && text[0] <= '9') || text[0] == '.' || text[0] == '+');
}

std::string scalar_in_line(const node& from, notation as) {
  if (as == notation::json) return to_json(from).dump();
  return from.quoted ? json_text(from.text) : from.text;
}

bool is_list_of_mappings(const node& of) {
  return of.is == node::kind::list && !of.items.empty() && of.items[0].is == node::kind::mapping;
}

}  // namespace

node scalar_of(std::string_view text) {
  node made{node::kind::scalar, {}, std::string(text)};
  made.quoted = !is_plain(text) || is_word_of_yaml(made.text) || begins_like_number(text);
  return made;
}

node mapping_of(std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  node made{node::kind::mapping, {}};
  for (const auto& [name, value] : members) made.members.push_back({std::string(name), {}, scalar_of(value)});
  return made;
}

std::string in_line(const node& from, notation as) {
  std::string text;
  switch (from.is) {
    case node::kind::nothing: return "null";
    case node::kind::scalar: return scalar_in_line(from, as);
    case node::kind::list:
      for (const node& each : from.items) text += (text.empty() ? "" : ", ") + in_line(each, as);
      return '[' + text + ']';
    case node::kind::mapping:
      for (const yaml::member& each : from.members) {
        const std::string name = as == notation::json ? json_text(each.name) : each.name;
        text += (text.empty() ? "" : ", ") + name + ": " + in_line(each.value, as);
      }
      return '{' + text + '}';
  }
  return text;
}

std::string block_member(std::string_view name, const node& value, int indentation) {
  const std::string blanks(static_cast<std::size_t>(indentation), ' ');
  std::string text = blanks + std::string(name) + ':';
  if (!is_list_of_mappings(value)) return text + ' ' + in_line(value, notation::yaml) + '\n';
  text += '\n';
  for (const node& each : value.items) {
    const bool fits_a_line = each.members.size() <= 4;
    text += fits_a_line ? blanks + "  - " + in_line(each, notation::yaml) + '\n' : block_item(each, indentation + 2);
  }
  return text;
}

std::string block_item(const node& item, int indentation) {
  std::string text;
  for (const yaml::member& each : item.members) text += block_member(each.name, each.value, indentation + 2);
  text[static_cast<std::size_t>(indentation)] = '-';
  return text;
}

}  // namespace podmedic::manifest
