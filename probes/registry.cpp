#include "probes/registry.hpp"

#include <array>

namespace podmedic::probes {

// Each is defined in the file of its name.
spec read_exec(fields& own);
spec read_grpc(fields& own);
spec read_http(fields& own);
spec read_tcp_socket(fields& own);

std::span<const kind> kinds() {
  static constexpr std::array all = {
      kind{"grpc", traffic::unready, read_grpc},
      kind{"http", traffic::unready, read_http},
      kind{"tcpSocket", traffic::unready, read_tcp_socket},
      kind{"exec", traffic::unready, read_exec},
      // Named by the design, and not there yet.
      kind{"progress", traffic::unready, nullptr},
      kind{"heartbeat", traffic::unready, nullptr},
      kind{"process", traffic::unready, nullptr},
      kind{"memory", traffic::in_service, nullptr},
      kind{"logTail", traffic::in_service, nullptr},
      kind{"credential", traffic::in_service, nullptr},
      kind{"connections", traffic::in_service, nullptr},
      kind{"configChange", traffic::in_service, nullptr},
  };
  return all;
}

}  // namespace podmedic::probes
