#pragma once
#include "base/fields.hpp"
#include "base/http_client.hpp"

namespace podmedic {

/// Reads `tls: {caFile, certificateFile, keyFile, serverName}`, which every kind that speaks TLS has; without it, the
/// system's CA bundle and the host of the URL. Files are absolute paths, and certificateFile and keyFile come together.
tls_options read_tls(fields& own);

}  // namespace podmedic
