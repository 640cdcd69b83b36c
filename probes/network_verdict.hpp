#pragma once
#include "base/http_client.hpp"
#include "base/verdict.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace podmedic::probes {

/// What it means for the target that there was no answer; `timed_out` is the reason where the deadline passed.
///
/// A certificate that is not trusted is Unknown: it is a matter of configuration on one of the two sides, which a
/// restart does not mend (the credential probe sees a server that did not load its new certificate).
verdict verdict_of(const http_failure& failure, std::string_view timed_out);

/// What an HTTP status says of the asker and not of the target's health: that podmedic may not ask (401, 403, 407,
/// 421), or that the target is busy (429, and 503 with Retry-After, of which `retry_after` is how long; RFC
/// 9110, 10.2.3 and 15; RFC 6585, 4). Nothing for any other. `what` begins the message.
std::optional<unknown> refusal_of(int status, std::optional<milliseconds> retry_after, const std::string& what);

/// The unknown of a target that says that it is busy.
unknown busy(const std::string& what, std::optional<milliseconds> retry_after);

}  // namespace podmedic::probes
