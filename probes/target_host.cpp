#include "probes/target_host.hpp"

#include "base/url.hpp"

namespace podmedic::probes {

std::string read_host(fields& own) {
  std::string host = own.text("host", "127.0.0.1");
  const auto place = parse_url("http://" + host_and_port(host, 80) + "/");
  if (!place || place->port != 80 || place->path != "/") {
    own.complain("host", "expected a host name or an IP address");
    return host;
  }
  return place->host;
}

}  // namespace podmedic::probes
