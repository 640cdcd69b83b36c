#pragma once
#include "base/files.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <variant>

namespace podmedic {

/// The inodes of this process's own sockets (/proc/self/fd).
std::set<ino_t> own_socket_inodes();

/// Which connections between two sockets of this Pod's network namespace are counted.
enum class internal_connections {
  none,          ///< none of them: neither loopback nor Pod address to Pod address
  all_but_ours,  ///< those in which podmedic has no end
};

/// How many TCP connections to the given local ports are established, in the Pod's network namespace: what is in flight
/// on a server. From /proc/net/tcp and tcp6 (proc(5)), read in pieces.
///
/// Not counted: connections in which one end is a socket of `own_inodes` (podmedic's probes, and its own port),
/// internal ones unless asked for, and sockets that are closing or only listening. Counted: connections that the server
/// has not accepted yet.
///
/// What cannot be told apart here: an idle keep-alive connection from a busy one (so a pool that a load balancer holds
/// open never goes to zero, and the drain's timeout ends the wait); a kubelet's probe from a client behind the node's
/// address (a probe's connection lives for milliseconds); and, with hostNetwork, this Pod's from another's.
std::variant<std::size_t, file_error> count_established(std::span<const std::uint16_t> ports,
                                                        const std::set<ino_t>& own_inodes,
                                                        internal_connections internal = internal_connections::none,
                                                        const std::string& net_directory = "/proc/self/net");

}  // namespace podmedic
