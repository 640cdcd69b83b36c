#pragma once
#include "base/fields.hpp"
#include "base/http_client.hpp"

#include <optional>
#include <string>
#include <vector>

/// Fields that all kinds which speak HTTP have in common, so that they mean the same everywhere.
namespace podmedic {

/// `tls: {caFile, certFile, keyFile, serverName}`; nothing where it is absent. Files are absolute paths, and certFile
/// and keyFile come together.
std::optional<tls_options> read_tls(fields& own);

/// `httpHeaders: [{name, value}]`, as in Kubernetes' probes; lines for http_request::headers.
std::vector<std::string> read_http_headers(fields& own);

/// `method`, in the letters of RFC 9110.
std::string read_http_method(fields& own, std::string fallback);

}  // namespace podmedic
