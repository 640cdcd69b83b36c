// What a hostile server may send: nothing crashes, nothing grows, and what is read back is what was written.
#include "probes/grpc_message.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace podmedic::probes::grpc;

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);

  if (const auto message = unframed(bytes); const auto* inside = std::get_if<std::string_view>(&message)) {
    require(framed(*inside) == bytes);
    parse_health_response(*inside);
  }
  parse_health_response(bytes);

  message_counter whole, cut;
  whole.take(bytes);
  for (const char each : bytes) cut.take(std::string_view(&each, 1));
  require(whole.count() == cut.count() && whole.count() <= static_cast<std::int64_t>(size));

  const std::string wrapped = framed(bytes);
  const auto unwrapped = unframed(wrapped);
  require(std::get<std::string_view>(unwrapped) == bytes);

  // A request read as a response: field 1 has the wrong wire type, so it is skipped as an unknown one, whole.
  const auto skipped = parse_health_response(health_request(bytes));
  require(std::get<serving_status>(skipped) == serving_status::unknown);

  if (const auto status = parse_status(bytes)) {
    require(*status >= 0 && *status <= 999 && !status_name(*status).empty());
  }
  require(decoded_message(bytes).size() <= 203);
  if (const auto decoded = decoded_base64(bytes)) {
    require(decoded->size() <= size);
  }
  return 0;
}
