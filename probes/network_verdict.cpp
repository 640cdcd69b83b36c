#include "probes/network_verdict.hpp"

namespace podmedic::probes {

verdict verdict_of(const http_failure& failure, std::string_view timed_out) {
  const auto why = [&](std::string_view reason) { return diagnosis{std::string(reason), failure.message}; };
  switch (failure.fault) {
    case http_fault::could_not_ask: break;
    case http_fault::untrusted: return unknown{why("CertificateNotTrusted")};
    case http_fault::refused: return fail{why("ConnectionRefused"), true};
    case http_fault::timed_out: return fail{why(timed_out)};
    case http_fault::gap: return fail{why("AnswerStalled")};
    case http_fault::broken: return fail{why("ConnectionBroken")};
    case http_fault::too_large: return fail{why("BadAnswer")};
  }
  return unknown{why("CouldNotAsk")};
}

}  // namespace podmedic::probes
