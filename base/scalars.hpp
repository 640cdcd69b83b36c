#pragma once
#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

/// Reads numbers as people write them in YAML: the whole text or nothing, independent of the locale, never rounded.
/// The string is what is wrong, as the end of a sentence: "expected a whole number, found \"2x\"".
namespace podmedic {

/// Decimal digits with an optional sign; no leading zeros, which YAML 1.1 reads as octal.
std::variant<std::int64_t, std::string> read_integer(std::string_view text);
/// A finite decimal number, with an exponent or without.
std::variant<double, std::string> read_number(std::string_view text);
/// A decimal number of seconds, as fine as a millisecond: "2", "0.25".
std::variant<milliseconds, std::string> read_seconds(std::string_view text);
/// A Kubernetes quantity (apimachinery, resource.Quantity) that is a whole number of bytes: "1048576", "1Mi", "1.5G",
/// "1e6". Not "100m", which is a tenth of a byte and a frequent slip.
std::variant<std::int64_t, std::string> read_quantity(std::string_view text);

/// For messages: at most so many bytes, in whole characters, and '?' for control characters and what is no UTF-8.
std::string printable(std::string_view text, std::size_t longest);
/// As printable(), in quotes and at most 64 bytes.
std::string quoted(std::string_view text);

}  // namespace podmedic
