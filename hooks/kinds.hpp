#pragma once
#include "hooks/registry.hpp"

#include <string_view>

/// The hook kinds, a file each. Every function reads the fields of the mapping under the kind's name and calls
/// finish().
namespace podmedic::hooks {

/// `http: {url, method, httpHeaders, body, expectStatus: "200-299", tls}`: one request that must be answered so.
spec read_http(fields& own);
/// As read_http(), with another method where none is given.
spec read_http(fields& own, std::string_view default_method);
/// `exec: {command: [program, argument …]}`: must exit with 0.
spec read_exec(fields& own);
/// `signal: {container, signal: TERM, processes: Main | All}`.
spec read_signal(fields& own);
/// `waitFor: {http | exec | file | noConnections, intervalSeconds: 1}`: until the condition holds.
spec read_wait_for(fields& own);

}  // namespace podmedic::hooks
