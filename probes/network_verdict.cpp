#include "probes/network_verdict.hpp"

#include "base/clock.hpp"

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
    case http_fault::wrong_protocol: return unknown{why("WrongProtocol")};
    case http_fault::told_to_calm_down: return busy(failure.message, std::nullopt);
  }
  return unknown{why("CouldNotAsk")};
}

std::optional<unknown> refusal_of(int status, std::optional<milliseconds> retry_after, const std::string& what) {
  switch (status) {
    case 401:
    case 403:
    case 407:
    case 421: return unknown{{"NotPermitted", what + ": podmedic may not ask there"}};
    case 429: return busy(what, retry_after);
    case 503: return retry_after ? std::optional(busy(what, retry_after)) : std::nullopt;
    default: return std::nullopt;
  }
}

unknown busy(const std::string& what, std::optional<milliseconds> retry_after) {
  const milliseconds asked_for = retry_after.value_or(milliseconds(0));
  const std::string until = asked_for > milliseconds(0) ? ", and asks for " + to_text(asked_for) + " of peace" : "";
  return {.why = {"TargetBusy", what + ": the target says that it is busy" + until}, .busy = asked_for};
}

}  // namespace podmedic::probes
