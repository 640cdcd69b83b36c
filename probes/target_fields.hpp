#pragma once
#include "base/fields.hpp"
#include "base/http_client.hpp"

#include <optional>
#include <string>

/// Fields that several kinds of network probes share.
namespace podmedic::probes {

/// `host`: a name or an IP address; 127.0.0.1 where it is absent.
std::string read_host(fields& own);

/// `tls: {caFile, certFile, keyFile, serverName}`; nothing where it is absent. Files are absolute paths.
std::optional<tls_options> read_tls(fields& own);

}  // namespace podmedic::probes
