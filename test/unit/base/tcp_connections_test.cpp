#include "base/tcp_connections.hpp"

#include "test/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <array>

namespace podmedic {
namespace {

// Lines as the kernel prints them (net/ipv4/tcp_ipv4.c, net/ipv6/tcp_ipv6.c) on a little-endian machine. 1F41 is 8001.
const std::string heading4 =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const std::string heading6 =
    "  sl  local_address                         remote_address                        st "
    "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

std::string line(const std::string& local, const std::string& remote, const std::string& state, int inode) {
  return "   0: " + local + " " + remote + " " + state + " 00000000:00000000 00:00000000 00000000  1000        0 " +
         std::to_string(inode) + " 1 000000003530bd6a 20 4 30 10 -1\n";
}

const std::string pod = "0500F40A";     // 10.244.0.5
const std::string client = "0900F40A";  // 10.244.0.9
const std::string loopback = "0100007F";
const std::string mapped = "0000000000000000FFFF0000";
const std::array<std::uint16_t, 1> port_8001{8001};

struct fake_net {
  test::temporary_directory directory;
  fake_net(const std::string& tcp, const std::string& tcp6) {
    directory.write("tcp", heading4 + tcp);
    directory.write("tcp6", heading6 + tcp6);
  }
  std::size_t count(const std::set<ino_t>& own = {}, internal_connections internal = internal_connections::none) const {
    const auto counted = count_established(port_8001, own, internal, directory.path());
    return std::get<std::size_t>(counted);
  }
};

TEST(tcp_connections, counts_established_ones_to_the_given_local_ports) {
  const fake_net net(
      line(pod + ":1F41", client + ":9C40", "01", 500) +      // counts
          line(pod + ":1F41", client + ":9C41", "01", 0) +    // waits to be accepted: counts
          line(pod + ":1F42", client + ":9C42", "01", 501) +  // another port
          line(pod + ":9C43", client + ":1F41", "01", 502) +  // outbound, to a port of that number elsewhere
          line(pod + ":1F41", client + ":9C44", "06", 0) +    // TIME_WAIT
          line(pod + ":1F41", client + ":9C45", "08", 503) +  // CLOSE_WAIT: the client has gone
          line("00000000:1F41", "00000000:0000", "0A", 504),  // LISTEN
      line("0000000000000000FFFF00000500F40A:1F41", "0000000000000000FFFF00000900F40A:9C46", "01", 505) +  // dual stack
          line("B80D01200000000000000000"
               "01000000:1F41",
               "B80D01200000000000000000"
               "02000000:9C47",
               "01", 506));  // IPv6
  EXPECT_EQ(net.count(), 4u);
}

TEST(tcp_connections, of_podmedics_own_port_are_not_counted) {
  const fake_net net(
      line(pod + ":1F41", client + ":9C40", "01", 777) + line(pod + ":1F41", client + ":9C41", "01", 500), "");
  EXPECT_EQ(net.count({777}), 1u);
}

TEST(tcp_connections, between_sockets_of_the_pod_are_counted_only_where_asked_for_and_never_podmedics_probes) {
  const std::string tcp =
      // a proxy in the Pod speaks to the server over loopback: both ends
      line(loopback + ":1F41", loopback + ":9C40", "01", 500) +
      line(loopback + ":9C40", loopback + ":1F41", "01", 600) +
      // podmedic's probe, over loopback
      line(loopback + ":1F41", loopback + ":9C41", "01", 501) +
      line(loopback + ":9C41", loopback + ":1F41", "01", 777) +
      // podmedic's probe, to the Pod's own address
      line(pod + ":1F41", pod + ":9C42", "01", 502) + line(pod + ":9C42", pod + ":1F41", "01", 778);
  const fake_net net(tcp, "");
  EXPECT_EQ(net.count({777, 778}), 0u);
  EXPECT_EQ(net.count({777, 778}, internal_connections::all_but_ours), 1u);
}

TEST(tcp_connections, the_two_ends_of_one_are_matched_across_the_two_tables) {
  // A dual-stack server on "::" holds its end in tcp6, the IPv4 client its own in tcp.
  const fake_net net(line(loopback + ":9C41", loopback + ":1F41", "01", 777),
                     line(mapped + loopback + ":1F41", mapped + loopback + ":9C41", "01", 501));
  EXPECT_EQ(net.count({777}), 0u);
  EXPECT_EQ(net.count({777}, internal_connections::all_but_ours), 0u);
  EXPECT_EQ(net.count({}, internal_connections::all_but_ours), 1u);
}

TEST(tcp_connections, a_table_longer_than_the_buffer_is_counted_to_its_end) {
  std::string tcp;
  constexpr int many = 3000;  // 400 KiB
  for (int i = 0; i < many; ++i) {
    std::array<char, 8> port{};
    std::snprintf(port.data(), port.size(), ":%04X", 10'000 + i);
    tcp += line(pod + ":1F41", client + port.data(), "01", 1000 + i);
  }
  EXPECT_EQ(fake_net(tcp, "").count(), static_cast<std::size_t>(many));
}

TEST(tcp_connections, without_ipv6_the_other_table_is_enough) {
  const fake_net net(line(pod + ":1F41", client + ":9C40", "01", 500), "");
  std::filesystem::remove(net.directory.file("tcp6"));
  EXPECT_EQ(net.count(), 1u);
}

TEST(tcp_connections, a_table_that_cannot_be_read_is_an_error_and_not_zero) {
  const auto counted = count_established(port_8001, {}, internal_connections::none, "/nowhere");
  const auto* error = std::get_if<file_error>(&counted);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->code, ENOENT);
  EXPECT_EQ(error->message, "read /nowhere/tcp: No such file or directory");
}

TEST(tcp_connections, lines_that_make_no_sense_are_passed_over) {
  const fake_net net("\n garbage\n   0: 0500F40A1F41 0900F40A:9C40 01\n   0: zz:1F41 zz:9C40 01 a b c d e 5\n" +
                         line(pod + ":1F41", client + ":9C40", "01", 500),
                     std::string(70'000, 'x') + "\n");
  EXPECT_EQ(net.count(), 1u);
}

}  // namespace
}  // namespace podmedic
