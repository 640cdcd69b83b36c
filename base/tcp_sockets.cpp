#include "base/tcp_sockets.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace podmedic {
namespace {

constexpr std::uint32_t established = 1, close_wait = 8, listen_state = 10;  // net/tcp_states.h
constexpr std::size_t piece_bytes = 32 * 1024;

struct request {
  nlmsghdr header;
  inet_diag_req sockets;
  rtattr filter;
};

void append(std::vector<std::byte>& to, const inet_diag_bc_op& operation) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&operation);
  to.insert(to.end(), bytes, bytes + sizeof operation);
}

/// "Local port is one of these, or remote port is one of those", as the kernel's filter program (inet_diag_bc_run()):
/// each comparison goes on to the next one where it does not hold, and else to a jump to the end, which accepts.
std::vector<std::byte> filter_of(const std::vector<std::uint16_t>& local, const std::vector<std::uint16_t>& remote) {
  constexpr std::size_t step = 3 * sizeof(inet_diag_bc_op);  // comparison, its port, jump
  const std::size_t count = local.size() + remote.size();
  std::vector<std::byte> program;
  const auto compare = [&](unsigned char code, std::uint16_t port) {
    const std::size_t to_end = (count * step) - program.size();
    append(program, {code, 2 * sizeof(inet_diag_bc_op),
                     static_cast<std::uint16_t>(to_end == step ? step + sizeof(inet_diag_bc_op) : step)});
    append(program, {0, 0, port});
    append(program, {INET_DIAG_BC_JMP, sizeof(inet_diag_bc_op),
                     static_cast<std::uint16_t>(to_end - 2 * sizeof(inet_diag_bc_op))});
  };
  for (const std::uint16_t port : local) compare(INET_DIAG_BC_S_EQ, port);
  for (const std::uint16_t port : remote) compare(INET_DIAG_BC_D_EQ, port);
  return program;
}

in6_addr address_of(int family, const __be32 (&words)[4]) {
  in6_addr address{};
  if (family == AF_INET) {
    address.s6_addr[10] = address.s6_addr[11] = 0xff;
    std::memcpy(&address.s6_addr[12], &words[0], 4);
  } else {
    std::memcpy(&address, &words, sizeof address);
  }
  return address;
}

/// The beginning of the kernel's struct tcp_info: the C library's lacks what is read here, and linux/tcp.h cannot stand
/// beside it.
struct tcp_info_beginning {
  std::byte others[120];
  std::uint64_t bytes_acked;
  std::uint64_t bytes_received;
};

void read_info(const rtattr& attribute, tcp_socket& into) {
  tcp_info_beginning info{};
  std::memcpy(&info, RTA_DATA(&attribute), std::min<std::size_t>(sizeof info, RTA_PAYLOAD(&attribute)));
  into.acknowledged = info.bytes_acked;
  into.read = info.bytes_received - std::min<std::uint64_t>(into.receive_queue, info.bytes_received);
}

tcp_socket socket_of(const nlmsghdr* header) {
  inet_diag_msg message{};
  std::memcpy(&message, NLMSG_DATA(header), sizeof message);
  tcp_socket found;
  found.id = std::uint64_t{message.id.idiag_cookie[1]} << 32 | message.id.idiag_cookie[0];
  found.listening = message.idiag_state == listen_state;
  found.established = message.idiag_state == established;
  found.local_port = ntohs(message.id.idiag_sport);
  found.remote_port = ntohs(message.id.idiag_dport);
  found.remote = address_of(message.idiag_family, message.id.idiag_dst);
  found.inode = message.idiag_inode;
  found.receive_queue = message.idiag_rqueue;
  found.send_queue = message.idiag_wqueue;
  constexpr int retransmission_timer = 1, window_probe_timer = 4;  // as in /proc/net/tcp (proc(5))
  if (message.idiag_timer == retransmission_timer) found.retransmits = message.idiag_retrans;
  found.window_closed = message.idiag_timer == window_probe_timer;
  auto length = static_cast<int>(header->nlmsg_len - NLMSG_LENGTH(sizeof message));
  const auto* attribute =
      reinterpret_cast<const rtattr*>(static_cast<const std::byte*>(NLMSG_DATA(header)) + NLMSG_ALIGN(sizeof message));
  for (; RTA_OK(attribute, length); attribute = RTA_NEXT(attribute, length)) {
    if (attribute->rta_type == INET_DIAG_INFO && !found.listening) read_info(*attribute, found);
  }
  return found;
}

file_error error_of(int code) {
  std::string message = errno_text("ask the kernel for", "TCP sockets (sock_diag)", code);
  if (code == ENOENT || code == EPROTONOSUPPORT) message += ": the node's kernel has no tcp_diag module";
  return {code, std::move(message)};
}

}  // namespace

std::string tcp_socket::remote_text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool mapped = IN6_IS_ADDR_V4MAPPED(&remote);
  if (mapped) {
    ::inet_ntop(AF_INET, &remote.s6_addr[12], text.data(), text.size());
  } else {
    ::inet_ntop(AF_INET6, &remote, text.data(), text.size());
  }
  const std::string host = mapped ? text.data() : "[" + std::string(text.data()) + "]";
  return host + ":" + std::to_string(remote_port);
}

tcp_socket_scan::tcp_socket_scan(const std::vector<std::uint16_t>& local_ports,
                                 const std::vector<std::uint16_t>& remote_ports)
    : filter_(filter_of(local_ports, remote_ports)), piece_(piece_bytes) {}

std::optional<file_error> tcp_socket_scan::ask() {
  socket_ = unique_fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!socket_) return error_of(errno);
  request asked{};
  const std::size_t filter_bytes = filter_.empty() ? 0 : sizeof asked.filter + filter_.size();
  asked.header.nlmsg_len = static_cast<std::uint32_t>(offsetof(request, filter) + filter_bytes);
  // The older request: it shows both families in one walk of the kernel's table, which is the larger part of its cost.
  asked.header.nlmsg_type = TCPDIAG_GETSOCK;
  asked.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  asked.sockets.idiag_family = AF_UNSPEC;
  asked.sockets.idiag_ext = 1 << (INET_DIAG_INFO - 1);
  asked.sockets.idiag_states = 1U << established | 1U << close_wait | 1U << listen_state;
  asked.filter.rta_type = INET_DIAG_REQ_BYTECODE;
  asked.filter.rta_len = static_cast<unsigned short>(RTA_LENGTH(filter_.size()));
  std::vector<std::byte> bytes(asked.header.nlmsg_len);
  std::memcpy(bytes.data(), &asked, std::min(bytes.size(), sizeof asked));
  if (!filter_.empty()) std::memcpy(bytes.data() + sizeof asked, filter_.data(), filter_.size());
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent =
      ::sendto(socket_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  return sent < 0 ? std::optional(error_of(errno)) : std::nullopt;
}

std::variant<bool, file_error> tcp_socket_scan::next(const std::function<void(const tcp_socket&)>& take) {
  if (!socket_) {
    if (auto failed = ask()) return *std::move(failed);
  }
  // The kernel has always written the next piece already: this does not wait.
  const ssize_t length = ::recv(socket_.get(), piece_.data(), piece_.size(), MSG_DONTWAIT);
  if (length < 0) return error_of(errno);
  auto left = static_cast<unsigned>(length);
  for (auto* header = reinterpret_cast<const nlmsghdr*>(piece_.data()); NLMSG_OK(header, left);
       header = NLMSG_NEXT(header, left)) {
    if (header->nlmsg_type == NLMSG_ERROR) {
      return error_of(-static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error);
    }
    if (header->nlmsg_type == NLMSG_DONE) {
      int failed = 0;
      if (header->nlmsg_len >= NLMSG_LENGTH(sizeof failed)) std::memcpy(&failed, NLMSG_DATA(header), sizeof failed);
      if (failed < 0) return error_of(-failed);
      return false;
    }
    if (header->nlmsg_type == TCPDIAG_GETSOCK) take(socket_of(header));
  }
  return true;
}

}  // namespace podmedic
