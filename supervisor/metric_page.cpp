#include "supervisor/metric_page.hpp"

#include "base/foreign_text.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace podmedic {

boost::asio::awaitable<std::variant<std::vector<probes::selected_metric>, std::string>> read_metric_page(
    http_client& http, http_request request, std::vector<probes::metric_selector> wanted) {
  const auto stream = std::make_shared<probes::metric_stream>(std::move(wanted));
  request.headers.emplace_back("Accept: text/plain;version=0.0.4,*/*;q=0.1");
  request.on_body = [stream](std::string_view piece) {
    stream->take(piece);
    return true;
  };
  const std::string page = foreign_text(request.url);
  auto asking = http.send(std::move(request));
  const http_result result = co_await std::move(asking);
  if (const auto* failed = std::get_if<http_failure>(&result)) co_return failed->message;
  if (const int status = std::get<http_response>(result).status; status != 200) {
    co_return page + ": status " + std::to_string(status);
  }
  stream->finish();
  co_return stream->found();
}

}  // namespace podmedic
