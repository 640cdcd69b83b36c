#include "probes/main_process.hpp"

namespace podmedic::probes {

std::string identity_of(const process& main) {
  return std::to_string(main.pid) + "@" + std::to_string(main.started.time_since_epoch().count());
}

std::string main_process(const surroundings& around) {
  const auto found = around.processes.of(around.container);
  const auto* container = std::get_if<const container_processes*>(&found);
  if (container == nullptr || (*container)->members.empty()) return {};
  return identity_of((*container)->members.front());
}

}  // namespace podmedic::probes
