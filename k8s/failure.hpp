#pragma once
#include "base/http_client.hpp"
#include "k8s/client.hpp"

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace podmedic::k8s {

/// What a status that is not 2xx means. `response` is hostile: its texts are cut, made one line, and freed of the
/// token.
api_failure explain_answer(const api_request& request, const http_response& response, std::string_view token);
/// An answer that is not what was asked for: `why`.
api_failure explain_nonsense(const api_request& request, const std::string& why);
api_failure explain_silence(const api_request& request, const http_failure& failure);

/// What `parse` makes of the body, where there is an answer. It gives the value, or a text: why the body is none.
template <class Parse>
auto understand(const api_result<std::string>& answer, const api_request& request, Parse parse)
    -> api_result<std::variant_alternative_t<0, std::invoke_result_t<Parse, const std::string&>>> {
  if (const auto* failure = std::get_if<api_failure>(&answer)) return *failure;
  auto found = parse(std::get<std::string>(answer));
  if (const auto* why = std::get_if<std::string>(&found)) return explain_nonsense(request, *why);
  return std::get<0>(std::move(found));
}

}  // namespace podmedic::k8s
