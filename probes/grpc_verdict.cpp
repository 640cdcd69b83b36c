#include "probes/grpc_verdict.hpp"

#include "base/clock.hpp"
#include "base/foreign_text.hpp"
#include "probes/grpc_message.hpp"
#include "probes/network_verdict.hpp"

namespace podmedic::probes::grpc {

namespace {

/// Of google.rpc.Code, those that are judged.
enum code {
  ok = 0,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  out_of_range = 11,
  unimplemented = 12,
  unavailable = 14,
  unauthenticated = 16
};

struct call_status {
  int code;
  std::string text;  ///< "UNAVAILABLE (14): shutting down"
};

/// For an answer of something that is no gRPC server, as a proxy (http-grpc-status-mapping.md of grpc/grpc), of those
/// that refusal_of() leaves.
std::optional<int> code_of_http(int status) {
  switch (status) {
    case 404: return unimplemented;
    case 502:
    case 503:
    case 504: return unavailable;
    default: return std::nullopt;
  }
}

/// An answer without grpc-status, which only something that is no gRPC server gives.
std::variant<call_status, malformed> status_of_http(const http_response& answer) {
  if (answer.status != 200) {
    const std::string text = "HTTP status " + std::to_string(answer.status);
    const auto code = code_of_http(answer.status);
    return code ? std::variant<call_status, malformed>(call_status{*code, text}) : malformed{text};
  }
  const auto content = answer.header("content-type").value_or("");
  if (content.starts_with("application/grpc")) return malformed{"an answer without grpc-status"};
  return malformed{"an answer that is not gRPC, but \"" + foreign_text(content, 64) + "\""};
}

/// grpc-status counts whatever the HTTP status is: a proxy's error page for gRPC has its own (204 of nginx, for one).
std::variant<call_status, malformed> status_of(const http_response& answer) {
  const auto header = answer.header("grpc-status");
  if (!header) return status_of_http(answer);
  const auto code = parse_status(*header);
  if (!code) return malformed{"grpc-status \"" + foreign_text(*header, 16) + "\""};
  const std::string message = decoded_message(answer.header("grpc-message").value_or(""));
  return call_status{*code, status_name(*code) + (message.empty() ? "" : ": " + message)};
}

/// What only the HTTP status tells, where there is no grpc-status.
std::optional<unknown> refusal_of(const http_response& answer, const std::string& what) {
  if (answer.header("grpc-status")) return std::nullopt;
  return probes::refusal_of(answer.status, answer.retry_after(), what + "HTTP status " + std::to_string(answer.status));
}

const std::string of_health = "health check: ";

diagnosis why(std::string reason, const std::string& what) {
  return {std::move(reason), of_health + what};
}

verdict judge_serving(const http_response& answer) {
  const auto message = unframed(answer.body);
  if (const auto* bad = std::get_if<malformed>(&message)) {
    return fail{why("BadAnswer", bad->why)};
  }
  const auto status = parse_health_response(std::get<std::string_view>(message));
  if (const auto* bad = std::get_if<malformed>(&status)) {
    return fail{why("BadAnswer", bad->why)};
  }
  switch (std::get<serving_status>(status)) {
    case serving_status::serving: return pass{"SERVING in " + to_text(answer.first_byte)};
    case serving_status::not_serving: return fail{why("NotServing", "the server says NOT_SERVING"), true};
    case serving_status::unknown: return fail{why("NotServing", "the server says UNKNOWN"), true};
    case serving_status::service_unknown: break;
  }
  return unknown{why("ServiceUnknown", "the server does not know that service")};
}

verdict judge_health_status(const call_status& status, const http_response& answer) {
  switch (status.code) {
    case ok: return judge_serving(answer);
    case not_found: return unknown{why("ServiceUnknown", "the server does not know that service: " + status.text)};
    case unimplemented: return unknown{why("HealthNotImplemented", "no grpc.health.v1 there: " + status.text)};
    case permission_denied:
    case unauthenticated: return unknown{why("NotPermitted", status.text)};
    case resource_exhausted: return busy(of_health + status.text, answer.retry_after());
    case unavailable: return fail{why("Unavailable", status.text), true};
    case deadline_exceeded: return fail{why("HealthCheckTimedOut", status.text)};
    default: return fail{why("HealthCheckFailed", status.text)};
  }
}

/// What the caller of a method is to blame for (google.rpc.Code says so of each).
bool blames_caller(int status) {
  switch (status) {
    case invalid_argument:
    case not_found:
    case already_exists:
    case permission_denied:
    case failed_precondition:
    case out_of_range:
    case unimplemented:
    case unauthenticated: return true;
    default: return false;
  }
}

}  // namespace

verdict judge_health(const http_result& answer) {
  if (const auto* failed = std::get_if<http_failure>(&answer)) {
    return verdict_of(*failed, "HealthCheckTimedOut");
  }
  const auto& response = std::get<http_response>(answer);
  if (const auto refused = refusal_of(response, of_health)) return *refused;
  const auto status = status_of(response);
  if (const auto* bad = std::get_if<malformed>(&status)) {
    return fail{why("BadAnswer", bad->why)};
  }
  return judge_health_status(std::get<call_status>(status), response);
}

bool is_open(const http_result& held) {
  const auto* failed = std::get_if<http_failure>(&held);
  return failed != nullptr && (failed->fault == http_fault::timed_out || failed->fault == http_fault::broken);
}

verdict judge_both(const http_failure& held, const http_result& fresh, milliseconds timeout) {
  const std::string within = "within " + to_text(timeout);
  const verdict of_fresh = judge_health(fresh);
  if (const auto* passed = std::get_if<pass>(&of_fresh)) {
    const std::string on_held = held.fault == http_fault::timed_out ? "no answer " + within : held.message;
    return fail{why("HeldChannelWedged", "held channel: " + on_held + "; fresh channel: " + passed->note)};
  }
  const auto* failed = std::get_if<http_failure>(&fresh);
  const bool both_silent =
      held.fault == http_fault::timed_out && failed != nullptr && failed->fault == http_fault::timed_out;
  if (both_silent) {
    const std::string_view tcp = failed->connected ? " (TCP accepted the connection)" : " (no TCP connection)";
    return fail{{"HealthCheckTimedOut",
                 "health check on the held channel and on a fresh one: no answer " + within + std::string(tcp)}};
  }
  return of_fresh;
}

verdict judge_canary(const http_result& answer, const canary_stream& stream) {
  const std::string came = std::to_string(stream.messages) + (stream.messages == 1 ? " message" : " messages");
  if (const auto* failed = std::get_if<http_failure>(&answer)) {
    if (failed->fault == http_fault::gap) {
      return fail{{"CanaryStalled", "canary: after " + came + ": " + failed->message}};
    }
    if (failed->fault == http_fault::timed_out && stream.messages > 0) {
      return fail{{"CanaryNeverEnded", "canary: the stream had not ended at the deadline, after " + came}};
    }
    return verdict_of(*failed, "CanaryTimedOut");
  }
  if (stream.enough) {
    return pass{"canary: " + came + ", the first after " + to_text(std::get<http_response>(answer).first_byte)};
  }
  const auto& response = std::get<http_response>(answer);
  if (const auto refused = refusal_of(response, "canary: ")) return *refused;
  const auto status = status_of(response);
  if (const auto* bad = std::get_if<malformed>(&status)) {
    return fail{{"BadAnswer", "canary: " + bad->why}};
  }
  const auto& [code, text] = std::get<call_status>(status);
  const std::string message = "canary: " + text;
  if (blames_caller(code)) {
    return unknown{{"CanaryRejected", message}};
  }
  switch (code) {
    case ok: return pass{"canary answered in " + to_text(response.first_byte)};
    case resource_exhausted: return busy(message, response.retry_after());
    case deadline_exceeded: return fail{{"CanaryTimedOut", message}};
    default: return fail{{"CanaryFailed", message}, code == unavailable};
  }
}

}  // namespace podmedic::probes::grpc
