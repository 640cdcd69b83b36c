#include "base/tcp_connections.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace podmedic {
namespace {

/// "ADDRESS:PORT" as the kernel prints it, 32 hexadecimal digits of address in both families: an IPv4 address is
/// written as the IPv4-mapped IPv6 one, because a dual-stack server's end of an IPv4 connection stands in tcp6 so.
using endpoint = std::string;
constexpr std::string_view mapped_prefix = "0000000000000000FFFF0000";  // ::ffff:0:0/96, in the kernel's word order
constexpr std::string_view established_state = "01";

struct connection {
  endpoint local;
  endpoint remote;
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  ino_t inode = 0;
};

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

bool read_endpoint(std::string_view word, endpoint& whole, std::uint16_t& port) {
  const std::size_t colon = word.find(':');
  if (colon != 8 && colon != 32) return false;
  const std::string_view digits = word.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return false;
  whole = colon == 8 ? std::string(mapped_prefix) : std::string();
  whole += word;
  return true;
}

/// sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …; nothing for the heading
/// and for what is not established.
std::optional<connection> parse_line(std::string_view line) {
  next_word(line);
  const std::string_view local = next_word(line);
  const std::string_view remote = next_word(line);
  if (next_word(line) != established_state) return std::nullopt;
  for (int skipped = 0; skipped < 5; ++skipped) next_word(line);
  const std::string_view inode = next_word(line);

  connection found;
  if (!read_endpoint(local, found.local, found.local_port)) return std::nullopt;
  if (!read_endpoint(remote, found.remote, found.remote_port)) return std::nullopt;
  const auto [end, error] = std::from_chars(inode.data(), inode.data() + inode.size(), found.inode);
  if (error != std::errc() || inode.empty()) return std::nullopt;
  return found;
}

/// Calls `take` with each line of the file.
template <class Take>
int for_each_line(const std::string& path, Take take) {
  const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno;
  std::array<char, 16 * 1024> buffer;
  std::size_t held = 0;  // the beginning of a line whose end has not been read
  while (true) {
    const ssize_t length = ::read(fd.get(), buffer.data() + held, buffer.size() - held);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return errno;
    if (length == 0) return 0;
    std::string_view text(buffer.data(), held + static_cast<std::size_t>(length));
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      take(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    held = text.size() < buffer.size() ? text.size() : 0;  // a line that long is none of the kernel's
    std::copy(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(held), buffer.begin());
  }
}

std::string key_of(const endpoint& local, const endpoint& remote) {
  return local + ">" + remote;
}

}  // namespace

std::set<ino_t> own_socket_inodes() {
  std::set<ino_t> inodes;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc/self/fd"), &::closedir);
  if (!directory) return inodes;
  while (const dirent* entry = ::readdir(directory.get())) {
    std::array<char, 64> target;
    const ssize_t length = ::readlinkat(::dirfd(directory.get()), entry->d_name, target.data(), target.size());
    std::string_view text(target.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    constexpr std::string_view prefix = "socket:[";
    if (!text.starts_with(prefix)) continue;
    text.remove_prefix(prefix.size());
    ino_t inode = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), inode).ec == std::errc()) inodes.insert(inode);
  }
  return inodes;
}

std::variant<std::size_t, file_error> count_established(std::span<const std::uint16_t> ports,
                                                        const std::set<ino_t>& own_inodes,
                                                        internal_connections internal,
                                                        const std::string& net_directory) {
  const auto wanted = [&](std::uint16_t port) { return std::find(ports.begin(), ports.end(), port) != ports.end(); };
  // Both ends of an internal connection stand in the tables. The server's end has the server's inode whoever the client
  // is, so a client of ours is known by the other end only.
  std::vector<connection> servers;
  std::unordered_map<std::string, ino_t> clients;
  const auto take = [&](std::string_view line) {
    auto found = parse_line(line);
    if (!found) return;
    if (wanted(found->remote_port)) clients.emplace(key_of(found->local, found->remote), found->inode);
    if (wanted(found->local_port)) servers.push_back(std::move(*found));
  };
  for (const char* table : {"/tcp", "/tcp6"}) {
    const std::string path = net_directory + table;
    const int error = for_each_line(path, take);
    // Without IPv6 there is no tcp6.
    if (error != 0 && !(error == ENOENT && std::string_view(table) == "/tcp6")) {
      return file_error{error, errno_text("read", path, error)};
    }
  }
  const auto counts = [&](const connection& one) {
    if (own_inodes.contains(one.inode)) return false;
    const auto client = clients.find(key_of(one.remote, one.local));
    if (client == clients.end()) return true;
    return internal == internal_connections::all_but_ours && !own_inodes.contains(client->second);
  };
  return static_cast<std::size_t>(std::count_if(servers.begin(), servers.end(), counts));
}

}  // namespace podmedic
