#include "base/yaml_tree.hpp"

#include <map>

namespace podmedic::yaml {
namespace {

std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\r') {
      result += "\\r";
    } else {
      result += c;
    }
  }
  return result + '"';
}

}  // namespace

std::string canonical(const node& value) {
  std::string result;
  const auto add = [&](const std::string& part) { result += (result.size() > 1 ? "," : "") + part; };
  if (value.is == node::kind::list) {
    result = "[";
    for (const node& item : value.items) add(canonical(item));
    return result + ']';
  }
  if (value.is == node::kind::mapping) {
    std::map<std::string_view, const node*> sorted;
    for (const member& each : value.members) sorted.emplace(each.name, &each.value);
    result = "{";
    for (const auto& [name, of] : sorted) add(json_string(name) + ':' + canonical(*of));
    return result + '}';
  }
  return value.is == node::kind::scalar ? json_string(value.text) : "null";
}

}  // namespace podmedic::yaml
