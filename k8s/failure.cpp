#include "k8s/failure.hpp"

#include "base/foreign_text.hpp"
#include "k8s/json.hpp"

#include <algorithm>

namespace podmedic::k8s {
namespace {

constexpr std::size_t max_quoted_bytes = 300;
constexpr milliseconds default_retry{1'000};

/// What a message calls the request: `patch pods (PATCH /api/v1/…)`.
std::string name_of(const api_request& request) {
  return request.verb + " " + request.resource + " (" + request.method + " " + request.path + ")";
}

/// The message of the Status object that the API answers with, or the beginning of what else it is.
std::string quote(const http_response& response, std::string_view token) {
  const json answer = parse_json(response.body);
  std::string text = text_at(answer, "message");
  if (text.empty()) text = response.body;
  // A server that we do not trust yet might send back what we sent.
  for (std::size_t at = token.empty() ? std::string::npos : text.find(token); at != std::string::npos;
       at = text.find(token, at)) {
    text.replace(at, token.size(), "[token]");
  }
  return foreign_text(text, max_quoted_bytes);
}

api_fault fault_of(int status) {
  switch (status) {
    case 401:
    case 403: return api_fault::denied;
    case 404: return api_fault::not_found;
    case 409: return api_fault::conflict;
    case 429: return api_fault::throttled;
    default: return status >= 400 && status < 500 ? api_fault::rejected : api_fault::unavailable;
  }
}

}  // namespace

api_failure explain_answer(const api_request& request, const http_response& response, std::string_view token) {
  api_failure failure{.fault = fault_of(response.status), .retry_after = std::nullopt};
  failure.message = name_of(request) + ": " + std::to_string(response.status);
  if (response.status == 401) failure.message += ", the API does not accept the token";
  if (response.status == 403) {
    failure.message += ", a Role must grant " + request.verb + " on " + request.resource;
  }
  const std::string said = quote(response, token);
  if (!said.empty()) failure.message += ": " + said;
  if (response.status == 429) failure.retry_after = std::max(default_retry, response.retry_after().value_or(default_retry));
  if (response.status == 503) failure.retry_after = response.retry_after();
  return failure;
}

api_failure explain_nonsense(const api_request& request, const std::string& why) {
  return {.fault = api_fault::unavailable, .message = name_of(request) + ": " + why, .retry_after = std::nullopt};
}

api_failure explain_silence(const api_request& request, const http_failure& failure) {
  return explain_nonsense(request, failure.message);
}

}  // namespace podmedic::k8s
