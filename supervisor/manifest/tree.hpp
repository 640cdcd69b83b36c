#pragma once
#include "base/yaml_tree.hpp"

#include <nlohmann/json_fwd.hpp>

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

/// Kubernetes manifests as they stand in files: where everything is, and what of it means podmedic.
namespace podmedic::manifest {

using yaml::node;

/// The node at the end of a path of names; null where one is missing, or `from` is.
const node* find(const node* from, std::initializer_list<std::string_view> path);
/// The member of that name; null where there is none, or `of` is null or no mapping.
const yaml::member* member_of(const node* of, std::string_view name);
/// The scalar at the end of the path; empty where there is none.
std::string text_at(const node* from, std::initializer_list<std::string_view> path);
/// Of a list; empty for null and all else.
std::span<const node> items_of(const node* list);
/// The item of a list whose `name` is that; null where there is none.
const node* named(const node* list, std::string_view name);

/// As the API server reads it: what stands in quotes is text, else true, false, null and numbers are what they look
/// like.
nlohmann::json to_json(const node& from);

}  // namespace podmedic::manifest
