#include "supervisor/config/not_in_this_version.hpp"

namespace podmedic::config {

std::string missing_kind_message(std::string_view kind, const std::vector<std::string_view>& usable) {
  std::string all;
  for (const std::string_view each : usable) all += (all.empty() ? "" : ", ") + std::string(each);
  return "probe kind " + std::string(kind) +
         " is part of podmedic's design and not of this version; remove it or use one of " + all;
}

}  // namespace podmedic::config
