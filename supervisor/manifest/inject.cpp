#include "supervisor/manifest/inject.hpp"

#include "supervisor/manifest/mesh.hpp"
#include "supervisor/manifest/sidecar.hpp"
#include "supervisor/manifest/splice.hpp"

#include <algorithm>

namespace podmedic::manifest {
namespace {

/// Marks the lines that are the Pod's, and were not there before.
constexpr std::string_view by_inject = "podmedic inject";
/// Members of a Pod's spec that inject adds where they are missing.
constexpr std::string_view added_to_spec[] = {"shareProcessNamespace", "automountServiceAccountToken",
                                              "serviceAccountName"};

node list_of(std::vector<node> items) {
  node made{node::kind::list, {}};
  made.items = std::move(items);
  return made;
}

node flag(std::string_view text) {
  return {node::kind::scalar, {}, std::string(text)};
}

std::string title(const pod_template& of) {
  return of.kind + (of.name.empty() ? "" : " " + of.name);
}

/// Items into the list of that name, or a new list.
void add_items(splice& into, const node& owner, std::string_view name, std::size_t index, std::vector<node> items) {
  const node* list = find(&owner, {name});
  if (list == nullptr)
    return into.insert_member(owner, name == "volumes" ? "" : "containers", name, list_of(std::move(items)));
  if (list->is != node::kind::list) throw cannot_splice(std::string(name) + " is no list");
  into.insert_items(*list, index, items);
}

void add_container(splice& into, const subject& pod, const node& container) {
  std::size_t index = 0;
  for (const container_view& each : pod.containers) {
    if (!each.init || !is_of_mesh(each.name)) break;
    ++index;
  }
  add_items(into, *pod.spec, "initContainers", index, {container});
}

void add_names(splice& into, const subject& pod) {
  for (const container_view& each : pod.containers) {
    if (&each == pod.medic || (each.init && !each.sidecar) || is_of_mesh(each.name)) continue;
    const node* variables = find(each.at, {"env"});
    if (named(variables, own_variable) != nullptr) continue;
    const node variable = mapping_of({{"name", own_variable}, {"value", each.name}});
    if (variables == nullptr) {
      into.insert_member_below(*each.at, "name", "env", list_of({variable}));
    } else {
      add_items(into, *each.at, "env", 0, {variable});
    }
  }
}

void add_to_spec(splice& into, const subject& pod, std::string_view name, const node& value) {
  const char* before = member_of(pod.spec, "initContainers") != nullptr ? "initContainers" : "containers";
  if (member_of(pod.spec, name) == nullptr) into.insert_member(*pod.spec, before, name, value, by_inject);
}

/// The Pod's own ServiceAccount stays, and so does the token that its containers may need.
void add_access(splice& into, const subject& pod, const injection& what, injected& result) {
  if (what.service_account.empty()) return;
  const std::string own = text_at(pod.spec, {"serviceAccountName"});
  if (own.empty()) {
    add_to_spec(into, pod, "automountServiceAccountToken", flag("false"));
    add_to_spec(into, pod, "serviceAccountName", scalar_of(what.service_account));
  } else if (own != what.service_account) {
    result.remarks.push_back(title(pod.of) + " has the ServiceAccount " + own +
                             ": bind podmedic's Role (deploy/rbac.yaml) to it");
  }
}

bool has_host_pid(const subject& pod) {
  return text_at(pod.spec, {"hostPID"}) == "true";
}

void warn(const subject& pod, const injection& what, injected& result) {
  const std::string who = title(pod.of);
  if (!pod.is_ours()) {
    result.remarks.push_back(who + " has none of podmedic's annotations yet: podmedic will look on and do nothing");
  }
  const node* shares = find(pod.spec, {"shareProcessNamespace"});
  if (shares != nullptr && shares->text != "true") {
    result.remarks.push_back(who + " says shareProcessNamespace: " + shares->text +
                             ", which inject leaves as it is: podmedic restarts nothing in it");
  }
  if (has_host_pid(pod)) {
    result.remarks.push_back(who + " has hostPID: podmedic restarts nothing in it");
  }
  if (!what.rule && pod.read.rules.without_support != policy::fallback::signal_all) {
    result.remarks.push_back(who + ": without the restart rule its podmedic.io/policy needs fallback: SignalAll");
  }
}

void inject_into(splice& into, const subject& pod, const injection& what, injected& result) {
  warn(pod, what, result);
  const sidecar adds = sidecar_for(pod, what, result.remarks);
  // Together the API server refuses them.
  if (!has_host_pid(pod)) add_to_spec(into, pod, "shareProcessNamespace", flag("true"));
  add_access(into, pod, what, result);
  if (pod.medic == nullptr) add_container(into, pod, adds.container);
  add_names(into, pod);
  const node* volumes = find(pod.spec, {"volumes"});
  std::vector<node> missing;
  for (const node& each : adds.volumes) {
    if (named(volumes, text_at(&each, {"name"})) == nullptr) missing.push_back(each);
  }
  if (!missing.empty()) add_items(into, *pod.spec, "volumes", items_of(volumes).size(), std::move(missing));
}

/// Items of a list, or the list as a whole where no other is left.
template <class Which>
void take_items(splice& from, const node& owner, std::string_view name, Which which) {
  const yaml::member* list = member_of(&owner, name);
  if (list == nullptr) return;
  const auto& items = list->value.items;
  const auto count = std::count_if(items.begin(), items.end(), which);
  if (count > 0 && static_cast<std::size_t>(count) == items.size()) return from.remove_member(owner, *list);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (which(items[i])) from.remove_item(list->value, i);
  }
}

bool is_own_variable(const node& each) {
  return text_at(&each, {"name"}) == own_variable;
}
bool is_volume_of_ours(const node& each) {
  return is_own_volume(text_at(&each, {"name"}));
}

void take_from(splice& from, const subject& pod) {
  const auto is_medic = [&](const node& each) { return pod.medic != nullptr && &each == pod.medic->at; };
  take_items(from, *pod.spec, "initContainers", is_medic);
  for (const container_view& each : pod.containers) {
    if (&each != pod.medic) take_items(from, *each.at, "env", is_own_variable);
  }
  take_items(from, *pod.spec, "volumes", is_volume_of_ours);
  for (const std::string_view name : added_to_spec) {
    const yaml::member* member = member_of(pod.spec, name);
    if (member != nullptr && from.has_remark(member->value, by_inject)) from.remove_member(*pod.spec, *member);
  }
}

void strip(node& of) {
  const auto take = [](node* list, auto which) {
    if (list != nullptr) std::erase_if(list->items, which);
  };
  const auto mutable_at = [](node& from, std::string_view name) { return const_cast<node*>(find(&from, {name})); };
  if (node* spec = mutable_at(of, "spec"); spec != nullptr && find(spec, {"containers"}) != nullptr) {
    if (node* init = mutable_at(*spec, "initContainers"); init != nullptr && medic_in(init) != nullptr) {
      init->items.erase(init->items.begin() + (medic_in(init) - init->items.data()));
    }
    take(mutable_at(*spec, "volumes"), is_volume_of_ours);
    for (const char* list : {"initContainers", "containers"}) {
      node* containers = mutable_at(*spec, list);
      if (containers == nullptr) continue;
      for (node& each : containers->items) {
        take(mutable_at(each, "env"), is_own_variable);
        std::erase_if(each.members, [](const auto& m) { return m.name == "env" && m.value.items.empty(); });
      }
    }
    std::erase_if(spec->members, [](const yaml::member& m) {
      const bool added =
          std::find(std::begin(added_to_spec), std::end(added_to_spec), m.name) != std::end(added_to_spec);
      return added || ((m.name == "initContainers" || m.name == "volumes") && m.value.items.empty());
    });
  }
  for (yaml::member& each : of.members) strip(each.value);
  for (node& each : of.items) strip(each);
}

/// All of a document but what podmedic adds, as one line.
std::string rest_of(node root) {
  strip(root);
  return yaml::canonical(root);
}

bool is_windows(const subject& pod) {
  return text_at(pod.spec, {"os", "name"}) == "windows" ||
         text_at(pod.spec, {"nodeSelector", "kubernetes.io/os"}) == "windows";
}
bool is_left_out(const subject& pod) {
  return text_at(pod.of.pod, {"metadata", "labels", "podmedic.io/inject"}) == "false" || is_windows(pod);
}

/// Whether the text still says what the document said, and has podmedic or has it not.
bool is_as_wanted(const document& before, std::string_view after, bool with_podmedic) {
  const auto read = documents_in(after);
  if (read.size() != 1 || !read[0].root || rest_of(*read[0].root) != rest_of(*before.root)) return false;
  const auto pods = pods_in(*read[0].root);
  return std::all_of(pods.begin(), pods.end(), [&](const pod_template& each) {
    const subject pod(each);
    return is_left_out(pod) || (pod.medic != nullptr) == with_podmedic;
  });
}

template <class Edit>
injected edit_each(std::string_view file, bool with_podmedic, Edit edit) {
  injected result;
  std::size_t copied = 0;
  for (const document& each : documents_in(file)) {
    const auto begin = static_cast<std::size_t>(each.text.data() - file.data());
    result.text += file.substr(copied, begin - copied);
    copied = begin + each.text.size();
    for (const yaml::error& error : each.errors) {
      const yaml::position at = yaml::shown(each.text, error.at.value_or(yaml::position{}));
      result.errors.push_back("line " + std::to_string(each.line + at.line) + ": " + error.message);
    }
    if (!each.root) continue;
    splice edits(each);
    try {
      for (const pod_template& of : pods_in(*each.root)) {
        const subject pod(of);
        if (is_windows(pod)) result.errors.push_back(title(of) + ": podmedic runs on Linux alone");
        if (is_left_out(pod)) continue;
        ++result.pods;
        edit(edits, pod, result);
      }
      std::string text = edits.applied();
      if (!edits.empty() && !is_as_wanted(each, text, with_podmedic)) {
        throw cannot_splice("line " + std::to_string(each.line + 1) +
                            ": this document is written in a way that inject does not know");
      }
      result.text += text;
    } catch (const cannot_splice& fault) {
      result.errors.emplace_back(fault.what());
    }
  }
  result.text += file.substr(copied);
  if (!result.errors.empty()) result.text.clear();
  return result;
}

}  // namespace

injected inject(std::string_view file, const injection& what) {
  return edit_each(file, true,
                   [&](splice& into, const subject& pod, injected& result) { inject_into(into, pod, what, result); });
}

injected uninject(std::string_view file) {
  return edit_each(file, false, [](splice& from, const subject& pod, injected&) { take_from(from, pod); });
}

}  // namespace podmedic::manifest
