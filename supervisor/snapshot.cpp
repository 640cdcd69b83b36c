#include "supervisor/snapshot.hpp"

#include "base/foreign_text.hpp"
#include "probes/cgroup_memory.hpp"
#include "probes/task_stat.hpp"

#include <fmt/format.h>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace podmedic::snapshot {
namespace {

constexpr std::size_t most_processes = 1000;
constexpr std::size_t most_sockets = 10'000;
constexpr std::size_t most_descriptors = 20'000;  // whose owner is looked for, of all processes together
constexpr std::size_t most_connections_shown = 200;
constexpr std::size_t most_listeners_shown = 200;
constexpr std::size_t max_small_file = 64 * 1024;
constexpr std::size_t max_mountinfo = 4 * 1024 * 1024;

std::string read_or_empty(const std::string& path, std::size_t most = max_small_file) {
  auto read = read_file(path, most);
  auto* text = std::get_if<std::string>(&read);
  return text == nullptr ? std::string() : std::move(*text);
}

/// Finds who has which socket, while descriptors are left to look at.
class owners {
 public:
  /// Counts the process's descriptors; nothing where podmedic may not look.
  std::optional<std::int64_t> look(pid_t pid, const std::string& directory) {
    const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
    if (!open) return std::nullopt;
    std::int64_t count = 0;
    while (const dirent* entry = ::readdir(open.get())) {
      if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
      ++count;
      if (left_ == 0) continue;
      --left_;
      std::array<char, 64> target{};
      const ssize_t length = ::readlinkat(::dirfd(open.get()), entry->d_name, target.data(), target.size());
      take(pid, {target.data(), length > 0 ? static_cast<std::size_t>(length) : 0});
    }
    return count;
  }
  pid_t of(ino_t inode) const {
    const auto found = by_inode_.find(inode);
    return found == by_inode_.end() ? 0 : found->second;
  }

 private:
  void take(pid_t pid, std::string_view target) {
    constexpr std::string_view prefix = "socket:[";
    ino_t inode = 0;
    if (!target.starts_with(prefix)) return;
    target.remove_prefix(prefix.size());
    if (std::from_chars(target.data(), target.data() + target.size(), inode).ec != std::errc()) return;
    by_inode_.emplace(inode, pid);
  }

  std::size_t left_ = most_descriptors;
  std::unordered_map<ino_t, pid_t> by_inode_;
};

process_view look_at(const process& one, const std::string& proc_root, owners& sockets) {
  const std::string directory = proc_root + "/" + std::to_string(one.pid);
  process_view seen{.seen = one};
  const std::string status = read_or_empty(directory + "/status");
  seen.threads = probes::number_in_lines(status, "Threads");
  seen.rss_kib = probes::number_in_lines(status, "VmRSS");
  seen.open_files = sockets.look(one.pid, directory + "/fd");
  seen.may_look = seen.open_files.has_value() || one.state == 'Z';
  if (!seen.may_look) {  // since Linux 6.2 the directory's size tells how many, and needs no right
    struct stat found{};
    if (::stat((directory + "/fd").c_str(), &found) == 0 && found.st_size > 0) seen.open_files = found.st_size;
  }
  seen.wchan = read_or_empty(directory + "/wchan");
  if (seen.wchan == "0") seen.wchan.clear();
  return seen;
}

memory_view memory_of(const process& main, const std::string& proc_root) {
  const std::string directory = proc_root + "/" + std::to_string(main.pid);
  const auto place = probes::find_memory_cgroup(read_or_empty(directory + "/cgroup"),
                                                read_or_empty(directory + "/mountinfo", max_mountinfo));
  memory_view seen;
  if (!place) {
    seen.why_not = "no memory cgroup is mounted in it";
    return seen;
  }
  const std::string root = directory + "/root" + place->directory + "/";
  const auto usage = read_file(root + (place->v2 ? "memory.current" : "memory.usage_in_bytes"), max_small_file);
  if (const auto* error = std::get_if<file_error>(&usage)) {
    seen.why_not = error->message;
    return seen;
  }
  seen.usage = probes::parse_bytes(std::get<std::string>(usage));
  seen.limit = probes::parse_bytes(read_or_empty(root + (place->v2 ? "memory.max" : "memory.limit_in_bytes")));
  if (const auto stat = probes::parse_memory_stat(read_or_empty(root + "memory.stat"), place->v2)) {
    seen.reclaimable = stat->reclaimable;
    if (stat->limit) seen.limit = std::min(*stat->limit, seen.limit.value_or(*stat->limit));
  }
  return seen;
}

void look_at_sockets(view& into, const owners& known) {
  tcp_socket_scan scan({}, {});
  const auto take = [&](const tcp_socket& socket) {
    if (into.sockets.size() < most_sockets) {
      into.sockets.push_back({socket, known.of(socket.inode)});
    } else {
      ++into.more_sockets;
    }
  };
  for (;;) {
    const auto more = scan.next(take);
    if (const auto* error = std::get_if<file_error>(&more)) into.sockets_why_not = error->message;
    const bool* goes_on = std::get_if<bool>(&more);
    if (goes_on == nullptr || !*goes_on) return;
  }
}

using writer = std::back_insert_iterator<std::string>;

std::string or_dash(const std::optional<std::int64_t>& number) {
  return number ? std::to_string(*number) : "-";
}

std::string mebibytes(const std::optional<std::int64_t>& bytes) {
  return bytes ? fmt::format("{:.1f} MiB", static_cast<double>(*bytes) / (1024 * 1024)) : "-";
}

std::string_view state_of(const tcp_socket& socket) {
  return socket.listening ? "listening" : socket.established ? "established" : "closed by peer";
}

void write_processes(const view& seen, writer out) {
  constexpr std::string_view row = "{:>8} {:<20} {:<16} {:<5} {:<28} {:>7} {:>10} {:>6}\n";
  fmt::format_to(out, fmt::runtime(row), "pid", "container", "name", "state", "wchan", "threads", "rss KiB", "files");
  std::size_t closed = 0;
  for (const container_view& container : seen.containers) {
    for (const process_view& one : container.processes) {
      if (!one.may_look) ++closed;
      const std::string wchan = foreign_text(one.wchan);
      const std::string name = container.name.empty() ? "(not known)" : container.name;
      fmt::format_to(out, fmt::runtime(row), one.seen.pid, name, foreign_text(one.seen.command),
                     std::string(1, one.seen.state), wchan.empty() ? "-" : wchan, or_dash(one.threads),
                     or_dash(one.rss_kib), or_dash(one.open_files));
    }
  }
  if (seen.more_processes > 0) fmt::format_to(out, "and {} more\n", seen.more_processes);
  if (closed > 0) {
    fmt::format_to(
        out,
        "Into {} of them podmedic (uid {}) may not look: their wchan, and which connections are theirs, need "
        "podmedic to run as their uid, or the capability SYS_PTRACE.\n",
        closed, ::geteuid());
  }
}

void write_memory(const view& seen, writer out) {
  for (const container_view& container : seen.containers) {
    const memory_view& memory = container.memory;
    const std::string name = container.name.empty() ? container.id.substr(0, 12) : container.name;
    if (!memory.why_not.empty()) {
      fmt::format_to(out, "{}: not known: {}\n", name, memory.why_not);
    } else {
      fmt::format_to(out, "{}: {} of {}; {} of it can be reclaimed\n", name, mebibytes(memory.usage),
                     memory.limit ? mebibytes(memory.limit) : "no limit", mebibytes(memory.reclaimable));
    }
  }
}

void write_totals(const view& seen, writer out) {
  struct total {
    std::size_t count = 0;
    std::uint64_t receive = 0, send = 0;
  };
  std::map<std::string_view, total> totals;
  for (const socket_view& one : seen.sockets) {
    total& of_state = totals[state_of(one.seen)];
    ++of_state.count;
    if (one.seen.listening) continue;
    of_state.receive += one.seen.receive_queue;
    of_state.send += one.seen.send_queue;
  }
  for (const auto& [state, of_state] : totals) {
    fmt::format_to(out, "{} {}", of_state.count, state);
    if (state != "listening") {
      fmt::format_to(out, ": {} bytes not read by the application, {} not acknowledged by the peer", of_state.receive,
                     of_state.send);
    }
    fmt::format_to(out, "\n");
  }
  if (seen.more_sockets > 0) fmt::format_to(out, "and {} more, not looked at\n", seen.more_sockets);
}

void write_sockets(const view& seen, writer out) {
  if (!seen.sockets_why_not.empty()) fmt::format_to(out, "not (all) shown: {}\n", seen.sockets_why_not);
  write_totals(seen, out);
  std::vector<const socket_view*> listeners, connections;
  for (const socket_view& one : seen.sockets) (one.seen.listening ? listeners : connections).push_back(&one);
  const auto owner = [](const socket_view& one) { return one.owner == 0 ? "-" : std::to_string(one.owner); };

  constexpr std::string_view listener_row = "{:>8} {:>6} {:>12} {:>8}\n";
  fmt::format_to(out, "\n");
  fmt::format_to(out, fmt::runtime(listener_row), "pid", "port", "not accepted", "backlog");
  for (std::size_t i = 0; i < std::min(listeners.size(), most_listeners_shown); ++i) {
    const socket_view& one = *listeners[i];
    fmt::format_to(out, fmt::runtime(listener_row), owner(one), one.seen.local_port, one.seen.receive_queue,
                   one.seen.send_queue);
  }

  const auto queued = [](const socket_view* one) {
    return std::uint64_t{one->seen.receive_queue} + one->seen.send_queue;
  };
  const std::size_t shown = std::min(connections.size(), most_connections_shown);
  std::partial_sort(connections.begin(), connections.begin() + static_cast<std::ptrdiff_t>(shown), connections.end(),
                    [&](const socket_view* a, const socket_view* b) { return queued(a) > queued(b); });
  constexpr std::string_view connection_row = "{:>8} {:<14} {:>6} {:<28} {:>10} {:>10} {:>11}\n";
  fmt::format_to(out, "\n");
  fmt::format_to(out, fmt::runtime(connection_row), "pid", "state", "port", "peer", "not read", "not acked",
                 "retransmits");
  for (std::size_t i = 0; i < shown; ++i) {
    const tcp_socket& one = connections[i]->seen;
    fmt::format_to(out, fmt::runtime(connection_row), owner(*connections[i]), state_of(one), one.local_port,
                   one.remote_text(), one.receive_queue, one.send_queue, one.retransmits);
  }
  if (connections.size() > shown)
    fmt::format_to(out, "and {} more with less in their queues\n", connections.size() - shown);
}

}  // namespace

view look(const std::vector<container_processes>& of, const std::string& proc_root) {
  view seen;
  owners sockets;
  std::size_t looked_at = 0;
  for (const container_processes& group : of) {
    container_view container{.name = group.name, .id = group.id, .processes = {}, .memory = {}};
    for (const process& one : group.members) {
      if (looked_at == most_processes) {
        ++seen.more_processes;
        continue;
      }
      ++looked_at;
      container.processes.push_back(look_at(one, proc_root, sockets));
    }
    if (!group.members.empty()) container.memory = memory_of(group.members.front(), proc_root);
    seen.containers.push_back(std::move(container));
  }
  look_at_sockets(seen, sockets);
  return seen;
}

std::string to_text(const view& seen) {
  std::string text = "processes\n";
  write_processes(seen, std::back_inserter(text));
  text += "\nmemory\n";
  write_memory(seen, std::back_inserter(text));
  text += "\nTCP sockets of the Pod\n";
  write_sockets(seen, std::back_inserter(text));
  return text;
}

}  // namespace podmedic::snapshot
