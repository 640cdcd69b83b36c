#pragma once
#include "base/time.hpp"
#include "k8s/access.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <variant>

namespace podmedic {
class http_client;
}

namespace podmedic::k8s {

/// Why the API did not do what it was asked for.
enum class api_fault {
  denied,       ///< 401 or 403: the message names what a Role must grant
  not_found,    ///< 404
  conflict,     ///< 409: somebody else was faster, or it exists already
  throttled,    ///< 429: ask again after retry_after
  rejected,     ///< another 4xx: asking again will not help
  unavailable,  ///< no answer in time, 5xx, or an answer that makes no sense
};
struct api_failure {
  api_fault fault;
  std::string message;                      ///< one line; never holds the token
  std::optional<milliseconds> retry_after;  ///< of throttled, and of 503 where it says so
};
template <class Value>
using api_result = std::variant<Value, api_failure>;

/// One request to the API. `verb` and `resource` are RBAC's words for it ("patch", "pods"), for messages.
struct api_request {
  std::string method = "GET";
  std::string path;  ///< from the root, as in "/api/v1/namespaces/default/pods/engine-0"
  std::string body;  ///< JSON
  std::string content_type = "application/json";
  std::string verb;
  std::string resource;
};

/// Asks the API server, with the ServiceAccount's token as it is at that moment, over TLS verified by ca.crt. Retries
/// nothing: when to ask again is the caller's decision.
class client {
 public:
  static constexpr std::size_t max_answer_bytes = 2 * 1024 * 1024;

  client(http_client& http, access by) : http_(http), access_(std::move(by)), token_(access_.directory + "/token") {}

  /// The body of a 2xx answer. Never throws for what the server does; ends within `timeout`.
  boost::asio::awaitable<api_result<std::string>> send(api_request request, milliseconds timeout);
  /// The same, where all that matters of the answer is that it was a 2xx.
  boost::asio::awaitable<api_result<std::monostate>> change(api_request request, milliseconds timeout);

  const std::string& name_space() const { return access_.name_space; }

 private:
  http_client& http_;
  access access_;
  token_file token_;
};

}  // namespace podmedic::k8s
