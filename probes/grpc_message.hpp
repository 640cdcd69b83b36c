#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// The bytes of gRPC (PROTOCOL-HTTP2.md of grpc/grpc) and of grpc.health.v1 (health.proto): pure, and safe with
/// whatever a hostile server sends.
namespace podmedic::probes::grpc {

/// Why an answer is none, in one line.
struct malformed {
  std::string why;
};

/// The message behind its five-byte prefix (uncompressed, length in big-endian), as it goes over HTTP/2.
std::string framed(std::string_view message);

/// The one message of a unary answer's body. More or less than one whole frame, or a compressed one (no compression was
/// offered), is malformed.
std::variant<std::string_view, malformed> unframed(std::string_view body);

/// Counts the messages of a stream that comes in pieces, by their prefixes.
class message_counter {
 public:
  void take(std::string_view piece);
  /// Those that have come whole.
  std::int64_t count() const { return count_; }

 private:
  std::uint64_t bytes_left_ = 0;  ///< of the message that is coming
  std::uint32_t prefix_ = 0;      ///< its length, as far as it has come
  std::size_t prefix_bytes_ = 0;
  std::int64_t count_ = 0;
};

/// HealthCheckResponse.ServingStatus.
enum class serving_status { unknown = 0, serving = 1, not_serving = 2, service_unknown = 3 };

/// HealthCheckRequest{service}.
std::string health_request(std::string_view service);

/// Reads HealthCheckResponse as protobuf's wire format asks: unknown fields are skipped, the last status wins, a
/// missing one is UNKNOWN. A status that health.proto does not have is malformed.
std::variant<serving_status, malformed> parse_health_response(std::string_view message);

/// The value of a grpc-status header: a decimal number, 0 to 16 by today's gRPC; up to three digits are read.
std::optional<int> parse_status(std::string_view header);

/// "NOT_FOUND (5)".
std::string status_name(int status);
/// "SERVING"; and back.
std::string_view serving_name(serving_status status);
std::optional<serving_status> parse_serving_name(std::string_view name);
/// HealthCheckResponse{status}.
std::string health_response(serving_status status);

/// The value of a grpc-message header, percent-decoded, as foreign_text().
std::string decoded_message(std::string_view header);

/// RFC 4648, with or without padding; nothing where a character is not of its alphabet or the length is impossible.
std::optional<std::string> decoded_base64(std::string_view text);

}  // namespace podmedic::probes::grpc
