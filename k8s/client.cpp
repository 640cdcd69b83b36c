#include "k8s/client.hpp"

#include "base/http_client.hpp"
#include "base/url.hpp"
#include "k8s/failure.hpp"

namespace podmedic::k8s {

boost::asio::awaitable<api_result<std::string>> client::send(api_request request, milliseconds timeout) {
  const std::string token = token_.token();
  if (token.empty()) {
    const http_failure no_token{http_fault::could_not_ask, token_.why()};
    co_return explain_silence(request, no_token);
  }
  http_request asked;
  asked.method = request.method;
  asked.url = "https://" + host_and_port(access_.host, access_.port) + request.path;
  asked.headers = {"authorization: Bearer " + token, "accept: application/json"};
  if (!request.body.empty()) asked.headers.push_back("content-type: " + request.content_type);
  asked.body = request.body;
  asked.timeout = timeout;
  asked.max_body_bytes = max_answer_bytes;
  asked.tls.ca_file = access_.directory + "/ca.crt";
  http_result result = co_await http_.send(std::move(asked));
  if (const auto* failure = std::get_if<http_failure>(&result)) co_return explain_silence(request, *failure);
  auto& response = std::get<http_response>(result);
  if (response.status >= 200 && response.status <= 299) co_return std::move(response.body);
  co_return explain_answer(request, response, token);
}

boost::asio::awaitable<api_result<std::monostate>> client::change(api_request request, milliseconds timeout) {
  const auto answer = co_await send(std::move(request), timeout);
  if (const auto* failure = std::get_if<api_failure>(&answer)) co_return *failure;
  co_return std::monostate{};
}

}  // namespace podmedic::k8s
