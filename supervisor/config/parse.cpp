#include "base/scalars.hpp"
#include "supervisor/config/annotation_names.hpp"
#include "supervisor/config/parts.hpp"
#include "supervisor/config/presets.hpp"

#include <algorithm>
#include <array>

namespace podmedic::config {
namespace {

/// A name under our domain that means nothing: "podmedic.io/mdoe", "probes.podmedic.io/engine".
mistake unknown_annotation(const std::string& key) {
  static constexpr std::array<std::string_view, 4> pod_level{annotation::mode, annotation::paused_until,
                                                             annotation::policy, annotation::preset};
  static constexpr std::array<std::string_view, 2> prefixes{annotation::probe_prefix, annotation::hook_prefix};
  const std::size_t after_slash = key.find('/') + 1;
  std::string nearest = nearest_name(key, pod_level);
  const std::string prefix = nearest_name(key.substr(0, after_slash), prefixes);
  if (!key.starts_with(annotation::domain) && !prefix.empty()) nearest = prefix + key.substr(after_slash);
  return {printable(key, 128), 0, 0, "",
          "unknown annotation" + (nearest.empty() ? std::string() : "; did you mean " + printable(nearest, 128) + "?")};
}

/// All annotations that hold: the Pod's own, and those of its presets. What comes first wins: the Pod's own, then the
/// presets in their order.
struct merged {
  annotations all;
  std::map<std::string, std::string> presets;  ///< whose each is that is not the Pod's own
};

/// The policy is read here, as its fields merge one by one.
merged with_presets(const annotations& given, configuration& into) {
  merged result{given, {}};
  const auto preset = given.find(std::string(annotation::preset));
  if (preset == given.end()) return result;
  into.preset = preset->second;
  const std::vector<chosen_preset> chosen = read_presets(preset->second, into.found);
  for (const chosen_preset& each : chosen) {
    for (const auto& line : each.says) {
      if (line.first != annotation::policy && result.all.insert(line).second) result.presets[line.first] = each.name;
    }
  }
  for (auto each = chosen.rbegin(); each != chosen.rend(); ++each) {
    if (const auto policy = each->says.find(std::string(annotation::policy)); policy != each->says.end()) {
      read_policy(policy->second, into);
    }
  }
  return result;
}

/// Under "podmedic.io/" or a subdomain of it.
bool is_ours(std::string_view key) {
  const std::string_view domain = key.substr(0, key.find('/') + 1);
  if (!domain.ends_with(annotation::domain)) return false;
  const std::string_view subdomain = domain.substr(0, domain.size() - annotation::domain.size());
  return subdomain.empty() || subdomain.ends_with('.');
}

}  // namespace

bool is_dns_label(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

std::string name_in(const std::string& annotation, mistakes& found) {
  std::string name = annotation.substr(annotation.find('/') + 1);
  if (!is_dns_label(name)) {
    found.push_back({printable(annotation, 128), 0, 0, "",
                     quoted(name) + " is no valid name; expected lower-case letters, digits and '-', as in engine"});
  }
  return name;
}

configuration parse_with(const annotations& given, std::span<const probes::kind> probe_kinds,
                         std::span<const hooks::kind> hook_kinds) {
  configuration result;
  const merged merged = with_presets(given, result);
  // Sorted by name, as the annotations are.
  for (const auto& [key, value] : merged.all) {
    if (!is_ours(key) || key == annotation::last_restart || key == annotation::preset) continue;
    const std::size_t before = result.found.size();
    if (key.starts_with(annotation::probe_prefix)) {
      read_probe(key, value, probe_kinds, result);
    } else if (key.starts_with(annotation::hook_prefix)) {
      read_hook(key, value, hook_kinds, result);
    } else if (key == annotation::policy) {
      read_policy(value, result);
    } else if (key == annotation::mode) {
      read_mode(value, result);
    } else if (key == annotation::paused_until) {
      read_paused_until(value, result);
    } else {
      result.found.push_back(unknown_annotation(key));
    }
    const auto of = merged.presets.find(key);
    if (of == merged.presets.end()) continue;
    for (std::size_t i = before; i < result.found.size(); ++i) result.found[i].message += "; preset " + of->second;
  }
  result.fixed[std::string(annotation::policy)] = fixed_policy(result.rules);
  return result;
}

configuration parse(const annotations& given) {
  return parse_with(given, probes::kinds(), hooks::kinds());
}

}  // namespace podmedic::config
