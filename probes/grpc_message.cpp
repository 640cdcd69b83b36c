#include "probes/grpc_message.hpp"

#include "base/foreign_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace podmedic::probes::grpc {

namespace {

constexpr std::size_t prefix_size = 5;

std::uint8_t byte_at(std::string_view bytes, std::size_t index) {
  return static_cast<std::uint8_t>(bytes[index]);
}

/// Takes a varint off the front; nothing where it is cut short or longer than ten bytes.
std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 10 && i < bytes.size(); ++i) {
    const std::uint8_t byte = byte_at(bytes, i);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) {
      bytes.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

bool take(std::string_view& bytes, std::uint64_t size) {
  if (size > bytes.size()) {
    return false;
  }
  bytes.remove_prefix(size);
  return true;
}

/// Skips a field of which only the wire type is known; groups (deprecated since proto2) are refused.
bool skip_field(std::string_view& bytes, std::uint64_t wire_type) {
  switch (wire_type) {
    case 0: return take_varint(bytes).has_value();
    case 1: return take(bytes, 8);
    case 2: {
      const auto size = take_varint(bytes);
      return size && take(bytes, *size);
    }
    case 5: return take(bytes, 4);
    default: return false;
  }
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) {
    bytes += static_cast<char>((value & 0x7f) | 0x80);
  }
  return bytes += static_cast<char>(value);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

std::string framed(std::string_view message) {
  std::string result(prefix_size, '\0');
  const auto size = static_cast<std::uint32_t>(message.size());
  for (std::size_t i = 0; i < 4; ++i) {
    result[1 + i] = static_cast<char>((size >> (24 - 8 * i)) & 0xff);
  }
  return result.append(message);
}

std::variant<std::string_view, malformed> unframed(std::string_view body) {
  if (body.size() < prefix_size) {
    return malformed{body.empty() ? "the answer has no message" : "the message's prefix is cut short"};
  }
  if (body[0] != 0) {
    return malformed{"the message is compressed, which was not offered"};
  }
  std::uint32_t size = 0;
  for (std::size_t i = 1; i < prefix_size; ++i) {
    size = size << 8 | byte_at(body, i);
  }
  const std::string_view rest = body.substr(prefix_size);
  if (size != rest.size()) {
    return malformed{"the message should have " + std::to_string(size) + " bytes, and " + std::to_string(rest.size()) +
                     " came"};
  }
  return rest;
}

void message_counter::take(std::string_view piece) {
  while (!piece.empty()) {
    if (prefix_bytes_ < prefix_size) {
      prefix_ = prefix_ << 8 | static_cast<unsigned char>(piece.front());  // the flag is shifted out
      piece.remove_prefix(1);
      if (++prefix_bytes_ < prefix_size) continue;
      bytes_left_ = prefix_;
    }
    const std::uint64_t taken = std::min<std::uint64_t>(bytes_left_, piece.size());
    piece.remove_prefix(static_cast<std::size_t>(taken));
    bytes_left_ -= taken;
    if (bytes_left_ > 0) return;
    ++count_;
    prefix_ = 0;
    prefix_bytes_ = 0;
  }
}

std::string health_request(std::string_view service) {
  if (service.empty()) {
    return {};  // proto3 leaves a field at its default out
  }
  constexpr char field_1_of_bytes = 1 << 3 | 2;
  return field_1_of_bytes + varint(service.size()).append(service);
}

std::variant<serving_status, malformed> parse_health_response(std::string_view message) {
  const malformed no_protobuf{"the message is no HealthCheckResponse"};
  std::int32_t status = 0;
  while (!message.empty()) {
    const auto key = take_varint(message);
    if (!key || *key >> 3 == 0 || *key >> 3 > 0x1fffffff) {
      return no_protobuf;
    }
    if (*key == 1 << 3) {  // field 1, varint
      const auto value = take_varint(message);
      if (!value) {
        return no_protobuf;
      }
      status = static_cast<std::int32_t>(*value);  // an enum is read as the low 32 bits
    } else if (!skip_field(message, *key & 7)) {
      return no_protobuf;
    }
  }
  if (status < 0 || status > static_cast<std::int32_t>(serving_status::service_unknown)) {
    return malformed{"grpc.health.v1 has no status " + std::to_string(status)};
  }
  return static_cast<serving_status>(status);
}

std::optional<int> parse_status(std::string_view header) {
  int status = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), status);
  const bool whole = error == std::errc() && end == header.data() + header.size();
  return whole && status >= 0 && header.size() <= 3 ? std::optional<int>(status) : std::nullopt;
}

std::string status_name(int status) {
  constexpr std::array<std::string_view, 17> names = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  const auto index = static_cast<std::size_t>(status);
  return status >= 0 && index < names.size() ? std::string(names[index]) + " (" + std::to_string(status) + ")"
                                             : "grpc-status " + std::to_string(status);
}

namespace {
constexpr std::array<std::string_view, 4> serving_names = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
}  // namespace

std::string_view serving_name(serving_status status) {
  return serving_names[static_cast<std::size_t>(status)];
}

std::optional<serving_status> parse_serving_name(std::string_view name) {
  const auto found = std::find(serving_names.begin(), serving_names.end(), name);
  if (found == serving_names.end()) return std::nullopt;
  return static_cast<serving_status>(found - serving_names.begin());
}

std::string health_response(serving_status status) {
  return std::string("\x08") + static_cast<char>(status);
}

std::string decoded_message(std::string_view header) {
  std::string result;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const bool escape = header[i] == '%' && i + 2 < header.size();
    const int high = escape ? hex_digit(header[i + 1]) : -1;
    const int low = escape ? hex_digit(header[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      result += static_cast<char>(high << 4 | low);
      i += 2;
    } else {
      result += header[i];
    }
  }
  return foreign_text(result);
}

std::optional<std::string> decoded_base64(std::string_view text) {
  while (!text.empty() && text.back() == '=') {
    text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) {
    return std::nullopt;
  }
  std::string result;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char letter : text) {
    const int digit = base64_digit(letter);
    if (digit < 0) {
      return std::nullopt;
    }
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      result += static_cast<char>(bits >> held & 0xff);
    }
  }
  return result;
}

}  // namespace podmedic::probes::grpc
