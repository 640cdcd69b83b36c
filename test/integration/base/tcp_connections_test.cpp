#include "base/tcp_connections.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

namespace podmedic {
namespace {

unique_fd connect_to(const sockaddr_in& address) {
  unique_fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return client;
}

struct listener {
  unique_fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  listener() {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    ::listen(socket.get(), 8);
    socklen_t length = sizeof(address);
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length);
  }
  std::size_t count(const std::set<ino_t>& own, internal_connections internal) const {
    const std::array<std::uint16_t, 1> ports{ntohs(address.sin_port)};
    const auto counted = count_established(ports, own, internal);
    const auto* found = std::get_if<std::size_t>(&counted);
    EXPECT_NE(found, nullptr);
    return found == nullptr ? 999 : *found;
  }
};

TEST(tcp_connections, the_kernels_own_tables_are_counted) {
  const listener server;
  EXPECT_EQ(server.count({}, internal_connections::all_but_ours), 0u);
  unique_fd waiting = connect_to(server.address);
  EXPECT_EQ(server.count({}, internal_connections::all_but_ours), 1u);  // not accepted yet
  unique_fd accepted(::accept(server.socket.get(), nullptr, nullptr));
  const unique_fd another = connect_to(server.address);
  EXPECT_EQ(server.count({}, internal_connections::all_but_ours), 2u);
  EXPECT_EQ(server.count({}, internal_connections::none), 0u);                           // they are the Pod's own
  EXPECT_EQ(server.count(own_socket_inodes(), internal_connections::all_but_ours), 0u);  // and this process's
  waiting = unique_fd();
  accepted = unique_fd();
  EXPECT_EQ(server.count({}, internal_connections::all_but_ours), 1u);
}

}  // namespace
}  // namespace podmedic
