#include "probes/grpc_message.hpp"

#include <gtest/gtest.h>

namespace podmedic::probes::grpc {
namespace {

using namespace std::string_literals;

TEST(grpc_framing, puts_the_length_in_front) {
  EXPECT_EQ(framed(""), "\0\0\0\0\0"s);
  EXPECT_EQ(framed("abc"), "\0\0\0\0\3abc"s);
  EXPECT_EQ(framed(std::string(258, 'x')).substr(0, 5), "\0\0\0\1\2"s);
}

TEST(grpc_framing, takes_one_whole_uncompressed_message) {
  const struct {
    const char* what;
    std::string body;
    std::optional<std::string_view> message;
  } rows[] = {
      {"an empty message", "\0\0\0\0\0"s, ""},
      {"a message", "\0\0\0\0\2ab"s, "ab"},
      {"nothing", "", std::nullopt},
      {"part of a prefix", "\0\0\0\0"s, std::nullopt},
      {"compressed", "\1\0\0\0\2ab"s, std::nullopt},
      {"a byte too few", "\0\0\0\0\3ab"s, std::nullopt},
      {"a byte too many", "\0\0\0\0\1ab"s, std::nullopt},
      {"two messages", "\0\0\0\0\1a\0\0\0\0\1b"s, std::nullopt},
      {"four gigabytes, it says", "\0\xff\xff\xff\xff"s, std::nullopt},
  };
  for (const auto& row : rows) {
    const auto found = unframed(row.body);
    const auto* message = std::get_if<std::string_view>(&found);
    EXPECT_EQ(message ? std::optional(*message) : std::nullopt, row.message) << row.what;
  }
}

TEST(health_request, names_the_service_unless_it_is_the_whole_server) {
  EXPECT_EQ(health_request(""), "");
  EXPECT_EQ(health_request("a.B"),
            "\x0a\x03"
            "a.B"s);
  EXPECT_EQ(health_request(std::string(300, 'x')).substr(0, 3), "\x0a\xac\x02"s);  // 300 as a varint of two bytes
}

TEST(health_response, is_read_as_protobuf_and_nothing_else_is) {
  using enum serving_status;
  const struct {
    const char* what;
    std::string bytes;
    std::optional<serving_status> status;
  } rows[] = {
      {"SERVING", "\x08\x01"s, serving},
      {"NOT_SERVING", "\x08\x02"s, not_serving},
      {"SERVICE_UNKNOWN", "\x08\x03"s, service_unknown},
      {"UNKNOWN, which proto3 leaves out", "", unknown},
      {"UNKNOWN, in full", "\x08\0"s, unknown},
      {"the last one wins", "\x08\x02\x08\x01"s, serving},
      {"a varint longer than it need be", "\x08\x81\x00"s, serving},
      {"an unknown varint before it", "\x10\x96\x01\x08\x01"s, serving},
      {"an unknown text before it", "\x12\x02hi\x08\x01"s, serving},
      {"an unknown fixed32 before it",
       "\x1d"
       "abcd"
       "\x08\x01"s,
       serving},
      {"an unknown fixed64 before it",
       "\x19"
       "abcdefgh"
       "\x08\x01"s,
       serving},
      {"field 1 of another wire type", "\x0a\x01x"s, unknown},
      {"a status that does not exist", "\x08\x04"s, std::nullopt},
      {"minus one", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s, std::nullopt},
      {"a varint of eleven bytes", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s, std::nullopt},
      {"cut short in the value", "\x08"s, std::nullopt},
      {"cut short in the varint", "\x08\x80"s, std::nullopt},
      {"cut short in a text", "\x12\x05hi"s, std::nullopt},
      {"a text as long as memory", "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s, std::nullopt},
      {"cut short in a fixed32",
       "\x1d"
       "abc"s,
       std::nullopt},
      {"field 0", "\0\1"s, std::nullopt},
      {"a group", "\x13\x14"s, std::nullopt},
      {"text", "hello"s, std::nullopt},
  };
  for (const auto& row : rows) {
    const auto found = parse_health_response(row.bytes);
    const auto* status = std::get_if<serving_status>(&found);
    EXPECT_EQ(status ? std::optional(*status) : std::nullopt, row.status) << row.what;
  }
}

TEST(grpc_status, is_a_short_decimal_number) {
  EXPECT_EQ(parse_status("0"), 0);
  EXPECT_EQ(parse_status("14"), 14);
  EXPECT_EQ(parse_status("999"), 999);
  for (const char* wrong : {"", "-1", "+1", " 1", "1 ", "1x", "x", "1000", "99999999999999999999"}) {
    EXPECT_EQ(parse_status(wrong), std::nullopt) << wrong;
  }
}

TEST(grpc_status, has_the_name_that_people_know) {
  EXPECT_EQ(status_name(0), "OK (0)");
  EXPECT_EQ(status_name(5), "NOT_FOUND (5)");
  EXPECT_EQ(status_name(12), "UNIMPLEMENTED (12)");
  EXPECT_EQ(status_name(14), "UNAVAILABLE (14)");
  EXPECT_EQ(status_name(16), "UNAUTHENTICATED (16)");
  EXPECT_EQ(status_name(17), "grpc-status 17");
}

TEST(grpc_message_header, is_percent_decoded_and_fit_for_one_line) {
  EXPECT_EQ(decoded_message("shutting%20down"), "shutting down");
  EXPECT_EQ(decoded_message("100%"), "100%");
  EXPECT_EQ(decoded_message("%4"), "%4");
  EXPECT_EQ(decoded_message("%zz%41"), "%zzA");
  EXPECT_EQ(decoded_message("a%0Ab%1Bc%FF"), "a b?c?");
  EXPECT_EQ(decoded_message(std::string(1000, 'x')), std::string(200, 'x') + "...");
}

TEST(base64, is_read_with_and_without_padding) {
  // RFC 4648, 10.
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"Zg==", "f"},
                                                      {"Zm8=", "fo"},
                                                      {"Zm9v", "foo"},
                                                      {"Zm9vYg==", "foob"},
                                                      {"Zm9vYmE=", "fooba"},
                                                      {"Zm9vYmFy", "foobar"},
                                                      {"Zg", "f"},
                                                      {"Zm8", "fo"}};
  for (const auto& [text, bytes] : rows) EXPECT_EQ(decoded_base64(text), bytes) << text;
  EXPECT_EQ(decoded_base64("AP+/"), "\0\xff\xbf"s);
  for (const char* wrong : {"Z", "Zm9vZ", "Zm 9v", "Zm-_", "Z=m8"}) {
    EXPECT_EQ(decoded_base64(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace podmedic::probes::grpc
