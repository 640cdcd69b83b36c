#include "probes/cgroup_memory.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace podmedic::probes {
namespace {

constexpr std::int64_t no_limit = std::int64_t{1} << 60;  // v1 writes the greatest number of pages there is

std::string_view cut(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    if (cut(list, ',') == word) return true;
  }
  return false;
}

/// mountinfo writes a space as \040, and so on.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int character = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, character, 8).ptr == text.data() + i + 4) {
      plain += static_cast<char>(character);
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

/// The path of the process in a hierarchy: of the line whose controllers hold `controller`; empty names v2's.
std::optional<std::string> path_in(std::string_view cgroup, std::string_view controller) {
  while (!cgroup.empty()) {
    std::string_view line = cut(cgroup, '\n');
    const std::string_view number = cut(line, ':');
    const std::string_view controllers = cut(line, ':');
    const bool wanted = controller.empty() ? number == "0" && controllers.empty() : has_word(controllers, controller);
    if (wanted && line.starts_with('/')) return std::string(line);
  }
  return std::nullopt;
}

struct mount {
  std::string root;
  std::string point;
};

std::optional<mount> mount_of(std::string_view mountinfo, bool v2) {
  while (!mountinfo.empty()) {
    std::string_view line = cut(mountinfo, '\n');
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    std::string_view of_filesystem = line.substr(dash + 3);
    const std::string_view type = cut(of_filesystem, ' ');
    cut(of_filesystem, ' ');  // source
    if (v2 ? type != "cgroup2" : type != "cgroup" || !has_word(of_filesystem, "memory")) continue;
    for (int i = 0; i < 3; ++i) cut(line, ' ');  // mount, parent, device
    const std::string_view root = cut(line, ' ');
    return mount{unescaped(root), unescaped(cut(line, ' '))};
  }
  return std::nullopt;
}

/// What of `path` lies below `root`; nothing where it lies elsewhere.
std::optional<std::string> below(const std::string& root, const std::string& path) {
  const std::string_view plain = root == "/" ? std::string_view() : std::string_view(root);
  if (!path.starts_with(plain)) return std::nullopt;
  const std::string rest = path.substr(plain.size());
  if (rest.empty() || rest == "/") return "";
  return rest.starts_with('/') ? std::optional(rest) : std::nullopt;
}

}  // namespace

std::optional<memory_cgroup> find_memory_cgroup(std::string_view cgroup, std::string_view mountinfo) {
  for (const bool v2 : {false, true}) {
    const auto path = path_in(cgroup, v2 ? "" : "memory");
    const auto mounted = mount_of(mountinfo, v2);
    if (!path || !mounted) continue;
    const auto rest = below(mounted->root, *path);
    if (rest) return memory_cgroup{v2, mounted->point + *rest};
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc{} || (!rest.empty() && rest != "\n") || value < 0 || value >= no_limit) return std::nullopt;
  return value;
}

std::optional<memory_stat> parse_memory_stat(std::string_view text, bool v2) {
  memory_stat found;
  int known = 0;
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    const std::string_view name = cut(line, ' ');
    if (!v2 && name == "hierarchical_memory_limit") found.limit = parse_bytes(line);
    const bool cache = v2 ? name == "inactive_file" || name == "active_file"
                          : name == "total_inactive_file" || name == "total_active_file";
    if (!cache && !(v2 && name == "slab_reclaimable")) continue;
    const auto value = parse_bytes(line);
    if (!value) return std::nullopt;
    found.reclaimable += *value;
    known += cache;
  }
  return known == 2 ? std::optional(found) : std::nullopt;
}

}  // namespace podmedic::probes
