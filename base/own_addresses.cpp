#include "base/own_addresses.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

namespace podmedic {

namespace {

/// An IPv4 address is kept as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2), so that the two spellings are one.
using address = std::array<unsigned char, 16>;

address mapped(const in_addr& v4) {
  address result{};
  result[10] = result[11] = 0xff;
  std::memcpy(&result[12], &v4, 4);
  return result;
}

std::optional<address> parse(std::string text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
  }
  text = text.substr(0, text.find('%'));  // the zone of a link-local address
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    return mapped(v4);
  }
  address v6{};
  if (inet_pton(AF_INET6, text.c_str(), v6.data()) == 1) {
    return v6;
  }
  return std::nullopt;
}

bool is_loopback(const address& given) {
  const address ipv4_loopback = mapped(in_addr{htonl(INADDR_LOOPBACK)});
  const bool in_127 = std::equal(given.begin(), given.begin() + 13, ipv4_loopback.begin());  // 127.0.0.0/8
  address ipv6_loopback{};
  ipv6_loopback[15] = 1;
  // Linux takes a connection to the unspecified address (0.0.0.0, ::) for one to loopback.
  const bool unspecified = given == address{} || given == mapped(in_addr{INADDR_ANY});
  return in_127 || given == ipv6_loopback || unspecified;
}

bool is_of_an_interface(const address& given) {
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) {
    return false;
  }
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(raw, &freeifaddrs);
  for (const ifaddrs* each = raw; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr) {
      continue;
    }
    if (each->ifa_addr->sa_family == AF_INET) {
      sockaddr_in v4{};
      std::memcpy(&v4, each->ifa_addr, sizeof v4);
      if (mapped(v4.sin_addr) == given) {
        return true;
      }
    } else if (each->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 v6{};
      std::memcpy(&v6, each->ifa_addr, sizeof v6);
      if (std::memcmp(&v6.sin6_addr, given.data(), given.size()) == 0) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

bool is_own_address(std::string_view host) {
  std::string name(host);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (name == "localhost") {
    return true;
  }
  const auto given = parse(name);
  return given && (is_loopback(*given) || is_of_an_interface(*given));
}

}  // namespace podmedic
