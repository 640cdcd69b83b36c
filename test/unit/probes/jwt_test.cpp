#include "probes/jwt.hpp"

#include <gtest/gtest.h>

#include <string>

namespace podmedic::probes {
namespace {

/// A JWT with these claims in base64url; the other parts do not matter.
std::string token(const std::string& claims) {
  return "eyJhbGciOiJSUzI1NiJ9." + claims + ".c2lnbmF0dXJl";
}

TEST(jwt, tells_from_when_until_when_it_is_valid) {
  // {"exp":1770003600,"nbf":1770000000}
  const auto both = parse_jwt(token("eyJleHAiOjE3NzAwMDM2MDAsIm5iZiI6MTc3MDAwMDAwMH0"));
  ASSERT_TRUE(both);
  EXPECT_EQ(both->valid_from, 1'770'000'000);
  EXPECT_EQ(both->valid_until, 1'770'003'600);
  const auto neither = parse_jwt(token("e30") + "\n");  // {}
  ASSERT_TRUE(neither);
  EXPECT_EQ(neither->valid_from, std::nullopt);
  EXPECT_EQ(neither->valid_until, std::nullopt);
  // {"exp":1.7e9,"nbf":"soon"}
  const auto odd = parse_jwt(token("eyJleHAiOjEuN2U5LCJuYmYiOiJzb29uIn0"));
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->valid_until, 1'700'000'000);
  EXPECT_EQ(odd->valid_from, std::nullopt);
  // {"exp":1e300}
  EXPECT_EQ(parse_jwt(token("eyJleHAiOjFlMzAwfQ"))->valid_until, std::nullopt);
}

TEST(jwt, is_three_parts_with_an_object_in_the_middle) {
  for (const std::string& text : {std::string(), std::string(".."), std::string("a.b"), token(""),
                                  token("e30") + ".e30", token("WzFd"), token("e30="), token("e3+0"), token("!"),
                                  std::string("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")}) {
    EXPECT_FALSE(parse_jwt(text)) << text;
  }
}

}  // namespace
}  // namespace podmedic::probes
