#pragma once
#include "base/http_client.hpp"
#include "k8s/client.hpp"

#include <string_view>

namespace podmedic::k8s {

/// What a status that is not 2xx means. `response` is hostile: its texts are cut, made one line, and freed of the
/// token.
api_failure explain_answer(const api_request& request, const http_response& response, std::string_view token);
api_failure explain_silence(const api_request& request, const http_failure& failure);

}  // namespace podmedic::k8s
