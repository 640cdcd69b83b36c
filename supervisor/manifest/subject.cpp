#include "supervisor/manifest/subject.hpp"

#include "supervisor/config/annotation_names.hpp"
#include "supervisor/options.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace podmedic::manifest {
namespace {

/// command and args, as one list.
std::vector<std::string> words_of(const node& container) {
  std::vector<std::string> words;
  for (const char* part : {"command", "args"}) {
    for (const node& each : items_of(find(&container, {part}))) words.push_back(each.text);
  }
  return words;
}

k8s::pod_facts facts_of(const node& spec, const std::string& medic, int restart_code) {
  const nlohmann::json pod{
      {"kind", "Pod"}, {"metadata", {{"name", "manifest"}, {"uid", "manifest"}}}, {"spec", to_json(spec)}};
  const std::string text = pod.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  auto read = k8s::parse_pod(text, medic, restart_code);
  const auto* facts = std::get_if<k8s::pod_facts>(&read);
  return facts == nullptr ? k8s::pod_facts() : std::move(*facts);
}

int code_of(const node& medic) {
  const int fallback = run_options().restart_exit_code;
  const std::string text =
      option_of(medic, "--restart-exit-code", "PODMEDIC_RESTART_EXIT_CODE", std::to_string(fallback));
  int code = fallback;
  std::from_chars(text.data(), text.data() + text.size(), code);
  return code;
}

}  // namespace

std::string option_of(const node& container, std::string_view name, std::string_view variable, std::string fallback) {
  const std::vector<std::string> words = words_of(container);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == name && i + 1 < words.size()) return words[i + 1];
    if (words[i].starts_with(std::string(name) + '=')) return words[i].substr(name.size() + 1);
  }
  const node* set = named(find(&container, {"env"}), variable);
  return set == nullptr ? fallback : text_at(set, {"value"});
}

bool runs(const node* probe, std::initializer_list<std::string_view> words) {
  const auto command = items_of(find(probe, {"exec", "command"}));
  return std::search(command.begin(), command.end(), words.begin(), words.end(),
                     [](const node& given, std::string_view word) { return given.text == word; }) != command.end();
}

const node* mount_of(const node& container, std::string_view path) {
  for (const node& each : items_of(find(&container, {"volumeMounts"}))) {
    std::string at = text_at(&each, {"mountPath"});
    while (at.size() > 1 && at.ends_with('/')) at.pop_back();
    if (!at.empty() && (path == at || path.starts_with(at + '/'))) return &each;
  }
  return nullptr;
}

bool is_guaranteed(const node& container) {
  for (const char* resource : {"cpu", "memory"}) {
    const std::string limit = text_at(&container, {"resources", "limits", resource});
    const std::string request = text_at(&container, {"resources", "requests", resource});
    if (limit.empty() || (!request.empty() && request != limit)) return false;
  }
  return true;
}

bool others_are_guaranteed(const subject& pod) {
  return std::all_of(pod.containers.begin(), pod.containers.end(),
                     [&](const container_view& each) { return &each == pod.medic || is_guaranteed(*each.at); });
}

const node* medic_in(const node* list) {
  for (const node& each : items_of(list)) {
    const std::vector<std::string> words = words_of(each);
    const bool runs_it = std::find(words.begin(), words.end(), "run") != words.end() &&
                         std::any_of(words.begin(), words.end(), [](const std::string& word) {
                           return word == "podmedic" || word.ends_with("/podmedic");
                         });
    if (runs_it || text_at(&each, {"name"}) == run_options().container) return &each;
  }
  return nullptr;
}

subject::subject(const pod_template& from)
    : of(from),
      spec(find(from.pod, {"spec"})),
      annotations(find(from.pod, {"metadata", "annotations"})),
      medic(nullptr) {
  for (const char* list : {"initContainers", "containers"}) {
    const bool init = list != std::string_view("containers");
    for (const node& each : items_of(find(spec, {list}))) {
      const bool sidecar = init && text_at(&each, {"restartPolicy"}) == "Always";
      containers.push_back({&each, text_at(&each, {"name"}), init, sidecar});
    }
  }
  const node* own = medic_in(find(spec, {"initContainers"}));
  if (own == nullptr) own = medic_in(find(spec, {"containers"}));
  for (const container_view& each : containers) {
    if (each.at == own) medic = &each;
  }
  if (annotations != nullptr) {
    for (const yaml::member& each : annotations->members) {
      if (each.value.is == node::kind::scalar) given[each.name] = each.value.text;
    }
  }
  read = config::parse(given);
  restart_code = medic == nullptr ? run_options().restart_exit_code : code_of(*medic->at);
  facts = facts_of(*spec, medic == nullptr ? run_options().container : medic->name, restart_code);
}

bool subject::is_ours() const {
  if (medic != nullptr || text_at(of.pod, {"metadata", "labels", "podmedic.io/inject"}) == "true") return true;
  if (annotations == nullptr) return false;
  return std::any_of(annotations->members.begin(), annotations->members.end(), [](const yaml::member& each) {
    return each.name != config::annotation::last_restart && each.name.find("podmedic.io/") != std::string::npos;
  });
}

const container_view* subject::container(std::string_view name) const {
  const auto at =
      std::find_if(containers.begin(), containers.end(), [&](const auto& each) { return each.name == name; });
  return at == containers.end() ? nullptr : &*at;
}

const container_view* subject::judged(const std::string& name) const {
  if (!name.empty()) return container(name);
  const container_view* only = nullptr;
  for (const container_view& each : containers) {
    if (&each == medic || (each.init && !each.sidecar)) continue;
    if (only != nullptr) return nullptr;
    only = &each;
  }
  return only;
}

const node& subject::value_of(std::string_view annotation) const {
  const node* found = find(annotations, {annotation});
  if (found == nullptr) found = find(annotations, {config::annotation::preset});  // it says what the Pod does not
  if (found != nullptr) return *found;
  return annotations != nullptr ? *annotations : *of.pod;
}

bool subject::enforces() const {
  return read.rules.in_mode == policy::mode::enforce;
}

bool subject::asks_for(policy::remedy remedy) const {
  return std::any_of(read.rules.probes.begin(), read.rules.probes.end(),
                     [&](const policy::probe_rules& each) { return each.on_failure == remedy; });
}

}  // namespace podmedic::manifest
