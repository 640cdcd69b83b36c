#pragma once
#include "base/fields.hpp"
#include "base/http_client.hpp"

#include <string>

namespace podmedic::probes {

/// What the kinds that ask over HTTP have in common: `url`, or Kubernetes' httpGet (`port`, `host`, `path`, `scheme`),
/// `httpHeaders` and `tls`. A GET of that address.
http_request read_http_target(fields& own, std::string default_path);

/// Whether it is this Pod's own address.
bool is_own_target(const http_request& request);

}  // namespace podmedic::probes
