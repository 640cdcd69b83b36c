#include "probes/target_fields.hpp"

#include "base/url.hpp"

namespace podmedic::probes {

namespace {

std::string read_path(fields& tls, std::string_view name) {
  std::string path = tls.text(name, "");
  if (!path.empty() && path.front() != '/') {
    tls.complain(name, "expected an absolute path");
  }
  return path;
}

}  // namespace

std::string read_host(fields& own) {
  std::string host = own.text("host", "127.0.0.1");
  const auto place = parse_url("http://" + host_and_port(host, 80) + "/");
  if (!place || place->port != 80 || place->path != "/") {
    own.complain("host", "expected a host name or an IP address");
    return host;
  }
  return place->host;
}

std::optional<tls_options> read_tls(fields& own) {
  auto given = own.object("tls");
  if (!given) {
    return std::nullopt;
  }
  tls_options tls{.ca_file = read_path(*given, "caFile"),
                  .certificate_file = read_path(*given, "certFile"),
                  .key_file = read_path(*given, "keyFile"),
                  .server_name = given->text("serverName", "")};
  if (tls.certificate_file.empty() != tls.key_file.empty()) {
    given->complain(tls.key_file.empty() ? "certFile" : "keyFile", "certFile and keyFile need each other");
  }
  given->finish();
  return tls;
}

}  // namespace podmedic::probes
