#include "base/container_id.hpp"

namespace podmedic {
namespace {

constexpr std::size_t id_length = 64;
constexpr std::size_t hash_length = 8;  // of a termination message's file
constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view letters_and_digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The first run of exactly 64 hexadecimal digits with no other letter or digit beside it, at or after `from`; npos
/// where there is none.
std::size_t find_id(std::string_view path, std::size_t from) {
  while (true) {
    const std::size_t begin = path.find_first_of(letters_and_digits, from);
    if (begin == std::string_view::npos) return begin;
    const std::size_t end = std::min(path.find_first_not_of(letters_and_digits, begin), path.size());
    const std::string_view word = path.substr(begin, end - begin);
    if (word.size() == id_length && word.find_first_not_of(hex_digits) == std::string_view::npos) return begin;
    from = end;
  }
}

/// Cgroups nest: a node that is itself a container has the container's id above the Pods', and a container with cgroups
/// of its own has theirs below. The Pod's container is the first id after "kubepods", or after the "/.." by which a
/// private cgroup namespace leaves itself; else the last one (as in "/docker/<node>/…/<container>").
std::string_view id_in_path(std::string_view path) {
  const std::size_t pods = path.rfind("kubepods");
  const bool first_one = pods != std::string_view::npos || path.starts_with("/..");
  std::size_t at = find_id(path, pods == std::string_view::npos ? 0 : pods);
  if (at == std::string_view::npos) return {};
  if (!first_one) {
    for (std::size_t next = at; next != std::string_view::npos; next = find_id(path, at + id_length)) at = next;
  }
  return path.substr(at, id_length);
}

}  // namespace

std::string container_name_in(std::string_view mountinfo_text) {
  constexpr std::string_view directory = "/containers/";
  while (!mountinfo_text.empty()) {
    const std::size_t end = std::min(mountinfo_text.find('\n'), mountinfo_text.size());
    std::string_view root = mountinfo_text.substr(0, end);
    mountinfo_text.remove_prefix(std::min(end + 1, mountinfo_text.size()));
    for (int field = 1; field < 4; ++field) {  // "36 35 98:0 ROOT MOUNT-POINT …"
      root.remove_prefix(std::min(root.find(' '), root.size() - 1) + 1);
    }
    root = root.substr(0, root.find(' '));
    const std::size_t slash = std::min(root.rfind('/'), root.size());
    const std::string_view hash = root.substr(std::min(slash + 1, root.size()));
    const std::size_t at = root.substr(0, slash).rfind(directory);
    if (hash.size() != hash_length || hash.find_first_not_of(hex_digits) != std::string_view::npos ||
        at == std::string_view::npos) {
      continue;
    }
    const std::string_view name = root.substr(at + directory.size(), slash - at - directory.size());
    if (!name.empty() && name.find('/') == std::string_view::npos) return std::string(name);
  }
  return {};
}

std::string container_id_in(std::string_view cgroup_text) {
  // "hierarchy:controllers:path" a line: one line on cgroup v2, one for each hierarchy on v1, both on a hybrid.
  while (!cgroup_text.empty()) {
    const std::size_t end = std::min(cgroup_text.find('\n'), cgroup_text.size());
    const std::string_view line = cgroup_text.substr(0, end);
    cgroup_text.remove_prefix(std::min(end + 1, cgroup_text.size()));
    const std::size_t second_colon = line.find(':', line.find(':') + 1);
    if (second_colon == std::string_view::npos) continue;
    const std::string_view id = id_in_path(line.substr(second_colon + 1));
    if (!id.empty()) return std::string(id);
  }
  return {};
}

}  // namespace podmedic
