#pragma once
#include <string_view>

namespace podmedic::probes {

/// Server-sent events (WHATWG HTML, 9.2) in pieces of any size, as far as to tell data from what only keeps the
/// connection warm: comments, blank lines, and fields other than data.
class event_stream {
 public:
  /// Whether the Content-Type says that a body is one.
  static bool is_one(std::string_view content_type) { return content_type.starts_with("text/event-stream"); }

  /// Whether any byte of the piece belongs to a data line.
  bool take(std::string_view piece);

 private:
  std::size_t matched_ = 0;  ///< bytes of this line that are as in "data:"
  bool other_ = false;       ///< this line is none of data
};

}  // namespace podmedic::probes
