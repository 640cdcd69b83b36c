#include "base/tls_fields.hpp"

#include <string>

namespace podmedic {
namespace {

std::string read_path(fields& tls, std::string_view name) {
  std::string path = tls.text(name, "");
  if (!path.empty() && path[0] != '/') tls.complain(name, "an absolute path is expected, as in \"/certs/ca.crt\"");
  return path;
}

}  // namespace

tls_options read_tls(fields& own) {
  tls_options read;
  auto tls = own.object("tls");
  if (!tls) return read;
  read.ca_file = read_path(*tls, "caFile");
  read.certificate_file = read_path(*tls, "certificateFile");
  read.key_file = read_path(*tls, "keyFile");
  read.server_name = tls->text("serverName", "");
  if (read.certificate_file.empty() != read.key_file.empty()) {
    tls->complain(read.key_file.empty() ? "certificateFile" : "keyFile", "certificateFile and keyFile come together");
  }
  tls->finish();
  return read;
}

}  // namespace podmedic
