#include "supervisor/manifest/tree.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace podmedic::manifest {

const yaml::member* member_of(const node* of, std::string_view name) {
  if (of == nullptr) return nullptr;
  const auto at =
      std::find_if(of->members.begin(), of->members.end(), [&](const auto& each) { return each.name == name; });
  return at == of->members.end() ? nullptr : &*at;
}

const node* find(const node* from, std::initializer_list<std::string_view> path) {
  for (const std::string_view name : path) {
    const yaml::member* next = member_of(from, name);
    if (next == nullptr) return nullptr;
    from = &next->value;
  }
  return from;
}

std::string text_at(const node* from, std::initializer_list<std::string_view> path) {
  const node* at = find(from, path);
  return at != nullptr && at->is == node::kind::scalar ? at->text : std::string();
}

std::span<const node> items_of(const node* list) {
  if (list == nullptr) return {};
  return list->items;
}

const node* named(const node* list, std::string_view name) {
  for (const node& each : items_of(list)) {
    if (text_at(&each, {"name"}) == name) return &each;
  }
  return nullptr;
}

nlohmann::json to_json(const node& from) {
  using nlohmann::json;
  json made;
  switch (from.is) {
    case node::kind::nothing: break;
    case node::kind::list:
      made = json::array();
      for (const node& each : from.items) made.push_back(to_json(each));
      break;
    case node::kind::mapping:
      made = json::object();
      for (const yaml::member& each : from.members) made[each.name] = to_json(each.value);
      break;
    case node::kind::scalar:
      made = from.quoted ? json(from.text) : json::parse(from.text, nullptr, false);
      if (made.is_discarded() || made.is_structured()) made = from.text;
      break;
  }
  return made;
}

}  // namespace podmedic::manifest
