#pragma once
#include "base/http_client.hpp"
#include "base/verdict.hpp"

#include <string_view>

namespace podmedic::probes {

/// What it means for the target that there was no answer; `timed_out` is the reason where the deadline passed.
///
/// A certificate that is not trusted is Unknown: it is a matter of configuration on one of the two sides, which a
/// restart does not mend (the credential probe sees a server that did not load its new certificate).
verdict verdict_of(const http_failure& failure, std::string_view timed_out);

}  // namespace podmedic::probes
