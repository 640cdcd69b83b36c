#include "supervisor/commands/sidecar_client.hpp"

#include "base/files.hpp"
#include "supervisor/surface/server.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>

namespace podmedic::commands {
namespace {

/// A connected socket, or the errno. An abstract name begins with a zero byte (unix(7)).
std::variant<unique_fd, int> connect_to(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::copy(name.begin(), name.end(), address.sun_path);
  unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  constexpr timeval patience{.tv_sec = sidecar_patience.count() / 1000, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (name.front() == '\0' ? 0 : 1));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) return errno;
  return fd;
}

std::variant<sidecar_answer, std::string> converse(const unique_fd& fd, const std::string& request) {
  const std::string silent = "podmedic run took the connection and does not answer";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return silent;
  std::string text;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) return silent;
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const std::size_t head = text.find("\r\n\r\n");
  const std::size_t space = text.find(' ');
  if (head == std::string::npos || space > head) return "what answers is not podmedic run";
  sidecar_answer answer;
  std::from_chars(text.data() + space + 1, text.data() + head, answer.status);
  answer.body = text.substr(head + 4);
  return answer;
}

}  // namespace

std::variant<sidecar_answer, std::string> ask_sidecar(const std::string& state_directory, const std::string& method,
                                                      const std::string& path, const std::string& body) {
  const std::string socket_file = state_directory + "/podmedic.sock";
  auto connected = connect_to(socket_file);
  if (std::holds_alternative<int>(connected) && method == "GET") {
    auto abstract = connect_to(std::string(1, '\0') + surface::abstract_name(state_directory));
    if (std::holds_alternative<unique_fd>(abstract)) connected = std::move(abstract);
  }
  if (const int* error = std::get_if<int>(&connected)) {
    return errno_text("connect to", socket_file, *error) + ": is podmedic run started, with this --state-dir?";
  }
  return converse(std::get<unique_fd>(connected),
                  method + " " + path + " HTTP/1.1\r\nHost: podmedic\r\nConnection: close\r\n" +
                      "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

}  // namespace podmedic::commands
