// Whatever a token file holds: nothing crashes, and what is said to be valid is a date.
#include "probes/jwt.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

void check(std::string_view text) {
  const auto found = podmedic::probes::parse_jwt(text);
  if (!found) return;
  for (const auto& date : {found->valid_from, found->valid_until}) {
    if (date && (*date < 0 || *date >= 1'000'000'000'000)) std::abort();
  }
}

std::string base64url(std::string_view bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char each : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(each);
    for (held += 8; held >= 6; held -= 6) text += digits[bits >> (held - 6) & 63];
  }
  if (held > 0) text += digits[bits << (6 - held) & 63];
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  check("a." + base64url(bytes) + ".b");  // as its claims
  return 0;
}
