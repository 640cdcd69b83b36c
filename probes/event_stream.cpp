#include "probes/event_stream.hpp"

namespace podmedic::probes {

bool event_stream::take(std::string_view piece) {
  constexpr std::string_view data = "data:";
  bool is_data = false;
  for (const char byte : piece) {
    if (byte == '\n' || byte == '\r') {
      matched_ = 0;
      other_ = false;
    } else if (matched_ == data.size()) {
      is_data = true;
    } else if (!other_ && byte == data[matched_]) {
      is_data = is_data || ++matched_ == data.size();
    } else {
      other_ = true;
    }
  }
  return is_data;
}

}  // namespace podmedic::probes
