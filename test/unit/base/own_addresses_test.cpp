#include "base/own_addresses.hpp"

#include <gtest/gtest.h>

namespace podmedic {
namespace {

TEST(an_own_address, is_loopback_in_every_spelling) {
  for (const char* own :
       {"127.0.0.1", "127.255.0.9", "::1", "[::1]", "::ffff:127.0.0.1", "localhost", "LocalHost", "0.0.0.0", "::"}) {
    EXPECT_TRUE(is_own_address(own)) << own;
  }
}

TEST(an_own_address, is_no_other_one_and_no_name) {
  // Addresses for documentation (RFC 5737, RFC 3849), which no interface has.
  for (const char* other : {"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "128.0.0.1", "localhost.example",
                            "db.shop.svc", "127.0.0.1.example", "", "[", "%", "127.0.0.1/8"}) {
    EXPECT_FALSE(is_own_address(other)) << other;
  }
}

}  // namespace
}  // namespace podmedic
