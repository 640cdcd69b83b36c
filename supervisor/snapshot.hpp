#pragma once
#include "base/process_table.hpp"
#include "base/tcp_sockets.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// podmedic's own look at the Pod's processes before a restart, as text for people.
///
/// No secrets: of a process, the name that the kernel shows and numbers; never its environment, nor its arguments. Of a
/// connection, addresses and lengths of queues.
namespace podmedic::snapshot {

/// One process, as far as podmedic may look at it.
struct process_view {
  process seen;
  std::string wchan;  ///< the kernel function that it sleeps in; empty: it runs, or podmedic may not know
  std::optional<std::int64_t> threads;
  std::optional<std::int64_t> rss_kib;
  std::optional<std::int64_t> open_files;
  bool may_look = true;  ///< into wchan and its sockets (ptrace(2), PTRACE_MODE_READ_FSCREDS)
};

/// A container's memory cgroup, in bytes, or why it is not shown.
struct memory_view {
  std::optional<std::int64_t> usage;
  std::optional<std::int64_t> reclaimable;
  std::optional<std::int64_t> limit;  ///< none: unlimited
  std::string why_not;
};

struct container_view {
  std::string name;
  std::string id;
  std::vector<process_view> processes;
  memory_view memory;
};

struct socket_view {
  tcp_socket seen;
  pid_t owner = 0;  ///< 0: nobody has accepted it, or podmedic may not know whose it is
};

struct view {
  std::vector<container_view> containers;
  std::vector<socket_view> sockets;
  std::size_t more_processes = 0;  ///< that are not looked at
  std::size_t more_sockets = 0;
  std::string sockets_why_not;
};

/// Looks at these containers' processes (at most 1000) and at the TCP sockets of the network namespace (at most
/// 10,000). Does not wait for anything.
view look(const std::vector<container_processes>& of, const std::string& proc_root = "/proc");

/// Tables: processes, memory, listeners, and the 200 connections with the most in their queues, with totals by state.
/// What is foreign is made printable, so that each row is one line.
std::string to_text(const view& seen);

}  // namespace podmedic::snapshot
