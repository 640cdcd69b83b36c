#include "base/url.hpp"

#include <gtest/gtest.h>

namespace podmedic {
namespace {

TEST(a_url, is_taken_apart_as_the_one_who_dials_understands_it) {
  const struct {
    const char* text;
    const char* host;
    int port;
    const char* whole;
  } rows[] = {
      {"http://a.test", "a.test", 80, "http://a.test:80/"},
      {"HTTPS://A.Test/x?y=1", "a.test", 443, "https://a.test:443/x?y=1"},
      {"http://[::1]:8080/", "::1", 8080, "http://[::1]:8080/"},
      {"http://127.1/", "127.0.0.1", 80, "http://127.0.0.1:80/"},  // the spellings that getaddrinfo knows
      {"http://0x7f000001/", "127.0.0.1", 80, "http://127.0.0.1:80/"},
      {"http://a.test#fragment", "a.test", 80, "http://a.test:80/"},
      {"http://127.0.0.1:1\\@b.test/", nullptr, 0, nullptr},  // a host that two parsers see differently
      {"http://127.0.0.1@b.test/", nullptr, 0, nullptr},
      {"http://user:secret@a.test/", nullptr, 0, nullptr},
      {"ftp://a.test/", nullptr, 0, nullptr},
      {"file:///etc/passwd", nullptr, 0, nullptr},
      {"http://a.test:0/", nullptr, 0, nullptr},
      {"http://a.test:65536/", nullptr, 0, nullptr},
      {"http://a b/", nullptr, 0, nullptr},
      {"http://a.test/ x", nullptr, 0, nullptr},
      {"a.test", nullptr, 0, nullptr},
      {"", nullptr, 0, nullptr},
  };
  for (const auto& row : rows) {
    const auto parsed = parse_url(row.text);
    ASSERT_EQ(parsed.has_value(), row.host != nullptr) << row.text;
    if (!parsed) continue;
    EXPECT_EQ(parsed->host, row.host) << row.text;
    EXPECT_EQ(parsed->port, row.port) << row.text;
    EXPECT_EQ(parsed->to_text(), row.whole) << row.text;
  }
}

TEST(host_and_port, have_brackets_only_around_ipv6) {
  EXPECT_EQ(host_and_port("a.test", 80), "a.test:80");
  EXPECT_EQ(host_and_port("::1", 80), "[::1]:80");
  EXPECT_EQ(host_and_port("[::1]", 80), "[::1]:80");
}

}  // namespace
}  // namespace podmedic
