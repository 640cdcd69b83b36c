#include "base/scalars.hpp"
#include "supervisor/rehearsal/manifest_parts.hpp"

#include <algorithm>
#include <array>

namespace podmedic::rehearsal {
namespace {

using environment = std::vector<std::pair<std::string, std::string>>;

/// $(NAME) for the container's own variables, $$ for a dollar, as Kubernetes expands command, args and env.
std::string expanded(std::string_view text, const environment& variables) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      result += text[i];
      continue;
    }
    const std::size_t end = text.find(')', i);
    if (text.substr(i, 2) == "$$") {
      result += '$';
      ++i;
    } else if (text.substr(i, 2) == "$(" && end != std::string_view::npos) {
      const std::string_view name = text.substr(i + 2, end - i - 2);
      const auto at =
          std::find_if(variables.rbegin(), variables.rend(), [&](const auto& v) { return v.first == name; });
      result += at == variables.rend() ? std::string(text.substr(i, end - i + 1)) : at->second;
      i = end;
    } else {
      result += '$';
    }
  }
  return result;
}

void read_value_from(fields& variable, const std::string& name, environment& into, const pod_manifest& pod) {
  auto from = variable.object("valueFrom");
  if (!from) {
    into.emplace_back(name, expanded(variable.text("value", ""), into));
    return;
  }
  if (auto ref = from->object("fieldRef")) {
    const auto value = downward_value(ref->required_text("fieldPath"), pod);
    if (value) return into.emplace_back(name, *value), void();
    ref->complain("fieldPath", "is not known in a rehearsal; give a value");
    return;
  }
  for (const std::string& source : from->names()) {
    auto ref = from->object(source);
    if (ref && ref->flag("optional", false)) continue;
    from->complain(source, "is not known in a rehearsal; give a value");
  }
}

environment read_environment(fields& container, const pod_manifest& pod) {
  environment read;
  for (fields& variable : container.objects("env")) {
    const std::string name = variable.required_text("name");
    read_value_from(variable, name, read, pod);
  }
  return read;
}

std::vector<restart_rule> read_rules(fields& container) {
  constexpr std::array<std::string_view, 2> actions{"Restart", "RestartAllContainers"};
  constexpr std::array<std::string_view, 2> operators{"In", "NotIn"};
  std::vector<restart_rule> rules;
  for (fields& given : container.objects("restartPolicyRules")) {
    restart_rule rule;
    rule.then = given.word("action", 0, actions) == 0 ? restart_rule::action::restart
                                                      : restart_rule::action::restart_all_containers;
    auto codes = given.object("exitCodes");
    if (!codes) {
      given.complain("", "needs exitCodes");
      continue;
    }
    rule.in = codes->word("operator", 0, operators) == 0;
    const std::vector<std::string> values = codes->texts("values");
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto code = read_integer(values[i]);
      const auto* number = std::get_if<std::int64_t>(&code);
      if (number == nullptr || *number < 0 || *number > 255) {
        codes->complain("values", i, "expected an exit code, from 0 to 255");
      } else {
        rule.exit_codes.push_back(static_cast<int>(*number));
      }
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::vector<volume_mount> read_mounts(fields& container, const pod_manifest& pod) {
  std::vector<volume_mount> mounts;
  for (fields& given : container.objects("volumeMounts")) {
    volume_mount mount{given.required_text("name"), given.required_text("mountPath"), given.text("subPath", "")};
    while (mount.path.size() > 1 && mount.path.ends_with('/')) mount.path.pop_back();
    const bool known =
        std::any_of(pod.volumes.begin(), pod.volumes.end(), [&](const auto& v) { return v.name == mount.volume; });
    if (!mount.volume.empty() && !known) given.complain("name", "the Pod has no volume of that name");
    if (mount.path == "/" || !mount.path.starts_with('/')) {
      given.complain("mountPath", "expected an absolute path below /");
    }
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::vector<std::string> read_pre_stop(fields& container) {
  auto lifecycle = container.object("lifecycle");
  auto hook = lifecycle ? lifecycle->object("preStop") : std::nullopt;
  if (!hook) return {};
  auto exec = hook->object("exec");
  if (!exec) {
    hook->complain("", "a rehearsal runs exec hooks only");
    return {};
  }
  return exec->texts("command");
}

/// What the containers of the role do where they end, and no rule says otherwise.
restart_policy read_restart_policy(fields& given, role as, restart_policy of_pod) {
  constexpr std::array<std::string_view, 3> words{"Always", "OnFailure", "Never"};
  if (as == role::sidecar) return restart_policy::always;
  // Init containers run to completion: Always means until it works.
  const auto fallback = as == role::init && of_pod == restart_policy::always ? restart_policy::on_failure : of_pod;
  return static_cast<restart_policy>(given.word("restartPolicy", static_cast<std::size_t>(fallback), words));
}

}  // namespace

bool restart_rule::matches(int exit_code) const {
  return (std::find(exit_codes.begin(), exit_codes.end(), exit_code) != exit_codes.end()) == in;
}

container_manifest read_container(fields& given, role as, restart_policy of_pod, pod_manifest& pod) {
  if (as == role::init && given.text("restartPolicy", "") == "Always") as = role::sidecar;
  container_manifest container;
  container.as = as;
  container.name = given.required_text("name");
  container.restarts = read_restart_policy(given, as, of_pod);
  container.rules = read_rules(given);
  container.environment = read_environment(given, pod);
  for (const char* part : {"command", "args"}) {
    for (const std::string& word : given.texts(part)) {
      container.command.push_back(expanded(word, container.environment));
    }
    if (container.command.empty()) {
      given.complain("command", "is required: a rehearsal cannot read an image's entrypoint");
      break;
    }
  }
  container.mounts = read_mounts(given, pod);
  for (fields& port : given.objects("ports")) container.ports.push_back(port.required_port("containerPort"));
  container.startup = read_probe(given, "startupProbe", pod.grace);
  container.readiness = read_probe(given, "readinessProbe", pod.grace);
  container.liveness = read_probe(given, "livenessProbe", pod.grace);
  container.pre_stop = read_pre_stop(given);
  return container;
}

}  // namespace podmedic::rehearsal
