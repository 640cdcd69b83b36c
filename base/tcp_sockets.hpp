#pragma once
#include "base/files.hpp"

#include <netinet/in.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace podmedic {

/// A TCP socket of the network namespace: a listener, or an open connection (established, or closed by the peer only).
struct tcp_socket {
  std::uint64_t id = 0;  ///< the kernel's cookie: no other socket of this boot has it
  bool listening = false;
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  in6_addr remote{};  ///< an IPv4 address as the IPv4-mapped one
  ino_t inode = 0;    ///< 0: nobody has accepted it yet
  bool established = false;
  std::uint32_t receive_queue =
      0;                           ///< bytes that the application has not read; of a listener: connections not accepted
  std::uint32_t send_queue = 0;    ///< bytes that the peer has not acknowledged; of a listener: its backlog
  std::uint64_t acknowledged = 0;  ///< bytes by the peer, ever
  std::uint64_t read = 0;          ///< bytes by the application, ever
  int retransmits = 0;             ///< of the oldest bytes not acknowledged, in a row
  bool window_closed = false;      ///< the peer answers and takes no more: it does not read

  /// "10.0.0.5:5432", "[2001:db8::5]:5432".
  std::string remote_text() const;
};

/// Walks the kernel's TCP sockets in pieces (sock_diag(7), inet_diag): those of the given ports alone reach this
/// program, so that 50,000 others cost a walk in the kernel and no text. /proc/net/tcp has neither what was
/// acknowledged and read, nor a listener's backlog. Needs no right but to be in the network namespace.
class tcp_socket_scan {
 public:
  /// Listeners and connections of these local ports, and connections to these remote ones; at most 64 in all. Where
  /// none is given, of all ports.
  tcp_socket_scan(const std::vector<std::uint16_t>& local_ports, const std::vector<std::uint16_t>& remote_ports);

  /// Calls `take` with each socket of the next piece, some hundred at most. Whether there may be more; or why there is
  /// none.
  std::variant<bool, file_error> next(const std::function<void(const tcp_socket&)>& take);

 private:
  std::optional<file_error> ask();

  std::vector<std::byte> filter_;
  unique_fd socket_;
  std::vector<std::byte> piece_;
};

}  // namespace podmedic
