#include "supervisor/commands/completion.hpp"

#include "supervisor/commands/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace podmedic::commands {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> scripts{{
    {"bash", R"sh(# In ~/.bashrc: source <(podmedic completion bash)
_podmedic() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    line=${line%%$'\t'*}
    [[ $line == "${COMP_WORDS[COMP_CWORD]#=}"* ]] && COMPREPLY+=("$line")
  done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _podmedic podmedic
)sh"},
    {"fish", R"sh(# podmedic completion fish >~/.config/fish/completions/podmedic.fish
complete -c podmedic -a '(podmedic __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
)sh"},
    {"zsh", R"sh(#compdef podmedic
# In ~/.zshrc, after compinit: source <(podmedic completion zsh)
_podmedic() {
  local -a found
  found=("${(@f)$($words[1] __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(${${found//:/\\:}/$'\t'/:})
  if (( $#found )); then _describe podmedic found; else _files; fi
}
compdef _podmedic podmedic
)sh"},
}};

bool is_shown(const CLI::App* command) {
  return !command->get_group().empty() && !command->get_name().empty();
}

/// The words of a type such as `TEXT:{text,json}` or `TEXT:value in {text->0,json->1} OR {0,1}`.
std::string choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t begin = type.find('{'), end = type.find('}');
  std::string lines;
  if (begin == std::string::npos || end == std::string::npos) return lines;
  for (std::string_view all(type.data() + begin + 1, end - begin - 1); !all.empty();) {
    const std::size_t comma = std::min(all.find(','), all.size());
    const std::string_view one = all.substr(0, comma);
    lines += fmt::format("{}\t\n", one.substr(0, one.find("->")));
    all.remove_prefix(std::min(comma + 1, all.size()));
  }
  return lines;
}

std::string options_of(const CLI::App& command) {
  std::string lines;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_snames())
      lines += fmt::format("-{}\t{}\n", name, option->get_description());
    for (const std::string& name : option->get_lnames())
      lines += fmt::format("--{}\t{}\n", name, option->get_description());
  }
  return lines;
}

}  // namespace

std::string complete(const CLI::App& root, std::vector<std::string> words) {
  if (words.empty()) words.emplace_back();
  if (words.back() == "=") words.back().clear();  // bash takes --output=json for three words
  std::erase(words, "=");
  const std::string current = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();

  const CLI::App* at = &root;
  const CLI::Option* open = nullptr;  // its value comes next
  for (const std::string& word : words) {
    open = nullptr;
    for (const CLI::App* command : at->get_subcommands(&is_shown)) {
      if (command->get_name() == word) at = command;
    }
    if (const CLI::Option* option = at->get_option_no_throw(word);
        word.starts_with("-") && option != nullptr && option->get_items_expected_max() > 0) {
      open = option;
    }
  }
  if (open != nullptr) return choices_of(*open);
  if (current.starts_with("-")) return options_of(*at);
  std::string lines;
  for (const CLI::App* command : at->get_subcommands(&is_shown)) {
    lines += fmt::format("{}\t{}\n", command->get_name(), command->get_description());
  }
  for (const CLI::Option* option : at->get_options()) {
    if (option->get_positional()) lines += choices_of(*option);
  }
  return lines;
}

int completion(const std::string& shell) {
  for (const auto& [name, script] : scripts) {
    if (name == shell) fmt::print("{}", script);
  }
  return success;
}

}  // namespace podmedic::commands
