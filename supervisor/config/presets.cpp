#include "supervisor/config/presets.hpp"

#include "base/scalars.hpp"
#include "supervisor/config/annotation_names.hpp"
#include "supervisor/config/parts.hpp"

#include <algorithm>
#include <optional>

namespace podmedic::config {
namespace {

using parameters = std::map<std::string, std::string>;

std::string put_in(std::string text, const parameters& values) {
  for (const auto& [name, value] : values) {
    const std::string place = "$(" + name + ")";
    for (std::size_t at = text.find(place); at != std::string::npos; at = text.find(place, at + value.size())) {
      text.replace(at, place.size(), value);
    }
  }
  return text;
}

/// A file's annotations but its own podmedic.io/preset, which becomes `defaults`.
annotations read_file(const preset& of, parameters& defaults) {
  mistakes none;  // the files are tested
  fields file = fields::parse(std::string(of.name), of.text, none);
  fields own = fields::parse("defaults", file.text(annotation::preset, ""), none);
  if (std::optional<fields> given = own.object(of.name)) {
    for (const std::string& name : given->names()) defaults[name] = given->text(name, "");
  }
  annotations says;
  for (const std::string& name : file.names()) {
    if (name != annotation::preset) says[name] = file.text(name, "");
  }
  return says;
}

/// `values` are the defaults, and become what is given. All parameters but `container` are ports.
void read_parameters(fields& in, parameters& values) {
  for (auto& [name, value] : values) {
    if (!in.has(name)) continue;
    if (name != "container") {
      value = std::to_string(in.required_port(name));
      continue;
    }
    value = in.text(name, value);
    if (!in.failed(name) && !is_dns_label(value)) {
      in.complain(name, "expected a container's name: lower-case letters, digits and '-', as in engine");
    }
  }
  in.finish();
}

const preset* find_preset(std::string_view name) {
  const auto all = presets();
  const auto at = std::find_if(all.begin(), all.end(), [&](const preset& each) { return each.name == name; });
  return at == all.end() ? nullptr : &*at;
}

std::string no_such_preset(std::string_view name) {
  std::vector<std::string_view> names;
  for (const preset& each : presets()) names.push_back(each.name);
  const std::string nearest = nearest_name(name, names);
  if (!nearest.empty()) return "no preset is called " + quoted(name) + "; did you mean " + nearest + "?";
  std::string all;
  for (const std::string_view each : names) all += (all.empty() ? "" : ", ") + std::string(each);
  return "no preset is called " + quoted(name) + "; expected one of " + all;
}

chosen_preset choose(const preset& of, fields* given) {
  parameters values;
  annotations says = read_file(of, values);
  if (given != nullptr) read_parameters(*given, values);
  for (auto& line : says) line.second = put_in(std::move(line.second), values);
  return {std::string(of.name), std::move(says)};
}

void read_names(std::string_view list, std::vector<chosen_preset>& chosen, mistakes& found) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view name = trimmed(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (const preset* known = find_preset(name)) {
      chosen.push_back(choose(*known, nullptr));
    } else {
      found.push_back({std::string(annotation::preset), 0, 0, "", no_such_preset(name)});
    }
  }
}

}  // namespace

std::vector<chosen_preset> read_presets(std::string_view value, mistakes& found) {
  std::vector<chosen_preset> chosen;
  if (value.find(':') == std::string_view::npos) {
    if (trimmed(value).empty()) value = " ";  // one name, that is not known
    read_names(value, chosen, found);
    return chosen;
  }
  fields in = fields::parse(std::string(annotation::preset), value, found);
  for (const std::string& name : in.names()) {
    const preset* known = find_preset(name);
    if (known == nullptr) {
      in.complain(name, no_such_preset(name));
      continue;
    }
    std::optional<fields> given = in.object(name);
    if (!given) continue;
    chosen_preset read = choose(*known, &*given);
    if (!in.failed(name)) chosen.push_back(std::move(read));
  }
  return chosen;
}

void keep_presets(const configuration& first, annotations& edited, mistakes& refused) {
  const std::string key(annotation::preset);
  const auto at = edited.find(key);
  const std::string now = at == edited.end() ? "" : at->second;
  if (now == first.preset) return;
  refused.push_back({key, 0, 0, "", "is fixed while the Pod lives; the change needs a new Pod"});
  if (first.preset.empty()) {
    edited.erase(key);
  } else {
    edited[key] = first.preset;
  }
}

}  // namespace podmedic::config
