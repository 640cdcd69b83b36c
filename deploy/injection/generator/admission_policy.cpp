#include "deploy/injection/generator/admission_policy.hpp"

#include "k8s/condition.hpp"
#include "supervisor/config/annotation_names.hpp"
#include "supervisor/config/limits.hpp"
#include "supervisor/manifest/mesh.hpp"
#include "supervisor/manifest/sidecar.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <stdexcept>
#include <vector>

namespace podmedic::injection {
namespace {

using manifest::node;

/// As CEL writes it.
std::string cel_text(std::string_view text) {
  return nlohmann::json(text).dump();
}

/// CEL for fields of a manifest, by their path; behind a question mark an optional value, whose field may be missing.
using values = std::map<std::string, std::string>;

/// CEL for a part of a manifest that stands at `path`. Values of several types in one list or map CEL takes as dyn
/// alone.
std::string cel(const node& from, const std::string& path, const values& instead) {
  std::string text;
  const auto add = [&](const std::string& name, const std::string& value, bool one_type) {
    text += (text.empty() ? "" : ", ") + name + (one_type ? value : "dyn(" + value + ')');
  };
  if (from.is == node::kind::scalar) return manifest::to_json(from).dump();
  if (from.is == node::kind::list) {
    const bool one_type = from.items.size() < 2 || from.items[0].is == node::kind::scalar;
    for (const node& each : from.items) add("", cel(each, path, instead), one_type);
    return '[' + text + ']';
  }
  for (const yaml::member& each : from.members) {
    const bool one_type = from.members.size() < 2;
    const std::string below = path + '.' + each.name;
    const auto own = instead.find(below);
    if (own == instead.end()) {
      add(cel_text(each.name) + ": ", cel(each.value, below, instead), one_type);
    } else if (own->second.starts_with('?')) {
      add('?' + cel_text(each.name) + ": ", own->second.substr(1), true);
    } else {
      add(cel_text(each.name) + ": ", own->second, one_type);
    }
  }
  return '{' + text + '}';
}

const node& in_sidecar(std::initializer_list<std::string_view> path) {
  const node* found = manifest::find(&manifest::sidecar_parts(), path);
  if (found == nullptr) throw std::logic_error("deploy/sidecar.yaml has no " + std::string(*path.begin()));
  return *found;
}

/// One that the source need not have: it is there for what the Pod decides.
node with_member(node of, std::string name) {
  of.members.insert(of.members.begin(), yaml::member{std::move(name), {}, {}});
  return of;
}

std::string container() {
  node made = in_sidecar({"container"});
  for (yaml::member& each : made.members) {
    if (each.name == "securityContext") each.value = with_member(std::move(each.value), "runAsUser");
  }
  made = with_member(std::move(made), "env");
  const auto part = [&](std::initializer_list<std::string_view> path) { return cel(in_sidecar(path), "", {}); };
  const auto where = [](const std::string& condition, const std::string& value) {
    return '?' + condition + " ? optional.of(dyn(" + value + ")) : optional.none()";
  };
  const values instead{
      {".env", where("variables.limits != ''",
                     "[{'name': " + cel_text(config::limits_variable) + ", 'value': string(variables.limits)}]")},
      {".image", "variables.image"},
      {".restartPolicyRules", where("variables.rule", part({"container", "restartPolicyRules"}))},
      {".startupProbe.failureThreshold", "variables.startupAttempts"},
      {".securityContext.runAsUser", where("variables.user >= 0", "variables.user")},
      {".resources",
       where("!has(object.spec.resources)",
             "variables.guaranteed ? " + part({"guaranteed", "resources"}) + " : " + part({"container", "resources"}))},
      {".volumeMounts",
       part({"container", "volumeMounts"}) + " + (variables.token ? " + part({"token", "volumeMounts"}) + " : [])"},
  };
  return cel(made, "", instead);
}

values all_values() {
  const std::string name = cel_text(manifest::text_at(&in_sidecar({"container"}), {"name"}));
  const std::string words = "c.?command.orValue([]) + c.?args.orValue([])";
  std::string mesh;
  for (const std::string_view each : manifest::mesh_containers()) mesh += (mesh.empty() ? "" : ", ") + cel_text(each);
  return {
      {"is_podmedic", "(c.name == " + name + " || 'run' in " + words + " && (" + words +
                          ").exists(w, w == 'podmedic' || w.endsWith('/podmedic')))"},
      {"limits_variable", config::limits_variable},
      {"own_variable", cel_text(manifest::own_variable)},
      {"last_restart", cel_text(config::annotation::last_restart)},
      {"in_service", cel_text(k8s::in_service_condition)},
      {"mesh", '[' + mesh + ']'},
      {"user_for_root", std::string(manifest::user_for_root)},
      {"startup_attempts", in_sidecar({"container", "startupProbe", "failureThreshold"}).text},
      {"container", container()},
      {"volumes", cel(in_sidecar({"volumes"}), "", {})},
      {"token_volumes", cel(in_sidecar({"token", "volumes"}), "", {})},
  };
}

/// The text with line breaks at blanks, so that no line is longer; a folded block joins them again.
std::string folded(const std::string& text, std::size_t begin_column, std::size_t indentation) {
  constexpr std::size_t width = 140;
  std::string made;
  std::size_t column = begin_column;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::size_t length = end - at;
    if (!made.empty() && column + 1 + length > width) {
      made += '\n' + std::string(indentation, ' ');
      column = indentation;
    } else if (!made.empty()) {
      made += ' ';
      ++column;
    }
    made += text.substr(at, length);
    column += length;
    at = end + 1;
  }
  return made;
}

}  // namespace

std::string admission_policy(std::string_view from_template) {
  static const values known = all_values();
  std::string made;
  while (!from_template.empty()) {
    const std::size_t begin = from_template.find('@');
    made += from_template.substr(0, begin);
    if (begin == std::string_view::npos) break;
    const std::size_t end = from_template.find('@', begin + 1);
    const auto found = known.find(std::string(from_template.substr(begin + 1, end - begin - 1)));
    if (found == known.end())
      throw std::logic_error("unknown: " + std::string(from_template.substr(begin, end - begin + 1)));
    const std::size_t line = made.rfind('\n') + 1;
    const std::size_t indentation = made.find_first_not_of(' ', line);
    const std::size_t column = made.size() - line;
    made += folded(found->second, column, indentation == std::string::npos ? column : indentation - line);
    from_template.remove_prefix(end + 1);
  }
  return made;
}

}  // namespace podmedic::injection
