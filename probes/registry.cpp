#include "probes/registry.hpp"

#include <array>

namespace podmedic::probes {

// Each is defined in the file of its name.
spec read_config_change(fields& own);
spec read_connections(fields& own);
spec read_credential(fields& own);
spec read_exec(fields& own);
spec read_grpc(fields& own);
spec read_heartbeat(fields& own);
spec read_http(fields& own);
spec read_log_tail(fields& own);
spec read_memory(fields& own);
spec read_process(fields& own);
spec read_progress(fields& own);
spec read_tcp_socket(fields& own);

std::span<const kind> kinds() {
  static constexpr std::array all = {
      kind{"grpc", traffic::unready, read_grpc},
      kind{"http", traffic::unready, read_http},
      kind{"tcpSocket", traffic::unready, read_tcp_socket},
      kind{"exec", traffic::unready, read_exec},
      kind{"progress", traffic::unready, read_progress},
      kind{"heartbeat", traffic::unready, read_heartbeat, paths::of_podmedic_or_container},
      kind{"process", traffic::unready, read_process},
      kind{"memory", traffic::in_service, read_memory},
      kind{"logTail", traffic::in_service, read_log_tail, paths::of_podmedic_or_container},
      kind{"credential", traffic::in_service, read_credential, paths::of_podmedic_or_container},
      kind{"connections", traffic::in_service, read_connections, paths::none, true},
      kind{"configChange", traffic::in_service, read_config_change, paths::of_podmedic_or_container},
  };
  return all;
}

}  // namespace podmedic::probes
