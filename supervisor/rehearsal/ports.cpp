#include "supervisor/rehearsal/ports.hpp"

#include "base/files.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <map>

namespace podmedic::rehearsal {
namespace {

bool in_use(std::uint16_t port) {
  const unique_fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;  // connections that linger in TIME_WAIT are nobody who listens
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port);
  return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 && errno == EADDRINUSE;
}

}  // namespace

std::vector<std::string> ports_in_use(const pod_manifest& pod) {
  std::map<std::uint16_t, std::string> wanted_by;
  for (const container_manifest& container : pod.containers) {
    for (const std::uint16_t port : container.ports) wanted_by.emplace(port, container.name);
    for (const auto* probe : {&container.startup, &container.readiness, &container.liveness}) {
      if (*probe && (*probe)->port != 0) wanted_by.emplace((*probe)->port, container.name);
    }
  }
  std::vector<std::string> lines;
  for (const auto& [port, container] : wanted_by) {
    if (!in_use(port)) continue;
    lines.push_back("port " + std::to_string(port) + " of container " + container +
                    " is in use on this machine: end what listens there (ss -ltnp), or change the manifest");
  }
  return lines;
}

}  // namespace podmedic::rehearsal
