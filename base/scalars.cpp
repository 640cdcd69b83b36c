#include "base/scalars.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace podmedic {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes the digits at the front of the text.
std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

/// What stands before and after the point of a number without sign; nothing where the text does not begin so.
struct decimal {
  std::string_view whole;
  std::string_view fraction;
};
std::optional<decimal> take_decimal(std::string_view& text) {
  decimal found;
  found.whole = take_digits(text);
  if (found.whole.empty() || (found.whole.size() > 1 && found.whole.front() == '0')) return std::nullopt;
  if (text.empty() || text.front() != '.') return found;
  text.remove_prefix(1);
  found.fraction = take_digits(text);
  if (found.fraction.empty()) return std::nullopt;
  return found;
}

/// value * factor + more, or nothing where that does not fit.
std::optional<std::int64_t> scaled(std::int64_t value, std::int64_t factor, std::int64_t more = 0) {
  std::int64_t product = 0;
  std::int64_t sum = 0;
  const bool fits = !__builtin_mul_overflow(value, factor, &product) && !__builtin_add_overflow(product, more, &sum);
  if (!fits) return std::nullopt;
  return sum;
}

std::optional<std::int64_t> whole_number(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (fault != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::string expected(std::string_view what, std::string_view text) {
  return "expected " + std::string(what) + ", found " + quoted(text);
}
std::string too_large(std::string_view text) {
  return quoted(text) + " is too large a number";
}

/// What a suffix of a quantity multiplies by, or what is wrong with it.
std::variant<std::int64_t, std::string> multiplier(std::string_view suffix, std::string_view text) {
  static constexpr std::string_view decimal_suffixes = "kMGTPE";
  static constexpr std::string_view binary_suffixes = "KMGTPE";
  if (suffix.empty()) return std::int64_t{1};
  if (suffix.size() == 2 && suffix[1] == 'i' && binary_suffixes.find(suffix[0]) != std::string_view::npos) {
    return std::int64_t{1} << (10 * (binary_suffixes.find(suffix[0]) + 1));
  }
  std::size_t zeros = 0;
  if (suffix.size() == 1 && decimal_suffixes.find(suffix[0]) != std::string_view::npos) {
    zeros = 3 * (decimal_suffixes.find(suffix[0]) + 1);
  } else if (suffix[0] == 'e' || suffix[0] == 'E') {
    std::string_view exponent = suffix.substr(1);
    if (!exponent.empty() && exponent[0] == '+') exponent.remove_prefix(1);
    const auto value = whole_number(exponent);
    if (!value || *value < 0) return expected("a Kubernetes quantity of bytes, as 1048576, 1Mi, 500k or 1e6", text);
    if (*value > 18) return too_large(text);
    zeros = static_cast<std::size_t>(*value);
  } else if (suffix == "m") {
    return quoted(text) + " is in thousandths of a byte; M is a million bytes, Mi is 1048576";
  } else if (suffix == "K" || suffix == "ki") {
    return quoted(text) + " has an unknown suffix; k is a thousand bytes, Ki is 1024";
  } else {
    return expected("a Kubernetes quantity of bytes, as 1048576, 1Mi, 500k or 1e6", text);
  }
  std::int64_t value = 1;
  while (zeros-- > 0) value *= 10;
  return value;
}

}  // namespace

std::variant<std::int64_t, std::string> read_integer(std::string_view text) {
  std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return expected("a whole number", text);
  if (digits.size() > 1 && digits.front() == '0') return expected("a whole number without leading zeros", text);
  if (const auto value = whole_number(text)) return *value;
  return too_large(text);
}

std::variant<double, std::string> read_number(std::string_view text) {
  double value = 0;
  const bool begins_well = is_digit(text.empty() ? '\0' : text[text[0] == '-' && text.size() > 1 ? 1 : 0]);
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault == std::errc::result_out_of_range) return quoted(text) + " is too large or too small a number";
  if (!begins_well || fault != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return expected("a number", text);
  }
  return value;
}

std::variant<milliseconds, std::string> read_seconds(std::string_view text) {
  static constexpr std::string_view what = "a number of seconds, as 2 or 0.5";
  std::string_view rest = text.substr(text.starts_with('-') ? 1 : 0);
  const bool negative = rest.size() != text.size();
  const auto parts = take_decimal(rest);
  if (!parts) return expected(what, text);
  if (!rest.empty()) return expected(std::string(what) + " and without a unit", text);
  if (parts->fraction.size() > 3) return quoted(text) + " is finer than a millisecond";
  std::string thousandths(parts->fraction);
  thousandths.resize(3, '0');
  const auto whole = whole_number(parts->whole);
  const auto value = whole ? scaled(*whole, 1000, *whole_number(thousandths)) : std::nullopt;
  if (!value) return too_large(text);
  return milliseconds(negative ? -*value : *value);
}

std::variant<std::int64_t, std::string> read_quantity(std::string_view text) {
  std::string_view rest = text;
  const auto parts = take_decimal(rest);
  if (!parts) return expected("a Kubernetes quantity of bytes, as 1048576, 1Mi, 500k or 1e6", text);
  const auto factor = multiplier(rest, text);
  if (const auto* wrong = std::get_if<std::string>(&factor)) return *wrong;
  std::int64_t unit = std::get<std::int64_t>(factor);
  const auto whole = whole_number(parts->whole);
  auto total = whole ? scaled(*whole, unit) : std::nullopt;
  if (!total) return too_large(text);
  // The fraction, exactly: of 1.5Ki it is 5 * 1024 / 10. Each digit must come out whole or be carried.
  std::string_view fraction = parts->fraction;
  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  if (fraction.size() > 18) return quoted(text) + " is no whole number of bytes";
  std::int64_t below = 1;
  for (std::size_t i = 0; i < fraction.size(); ++i) below *= 10;
  __extension__ using wide = __int128;
  const wide part = static_cast<wide>(fraction.empty() ? 0 : *whole_number(fraction)) * unit;
  if (part % below != 0) return quoted(text) + " is no whole number of bytes";
  total = scaled(*total, 1, static_cast<std::int64_t>(part / below));
  if (!total) return too_large(text);
  return *total;
}

std::string printable(std::string_view text, std::size_t longest) {
  std::string shown;
  while (!text.empty()) {
    const auto next = first_character(text);
    const std::size_t length = next ? next->length : 1;
    if (shown.size() + length > longest) return shown + "…";
    shown += next && !is_control_character(next->code) ? text.substr(0, length) : "?";
    text.remove_prefix(length);
  }
  return shown;
}

std::string quoted(std::string_view text) {
  return '"' + printable(text, 64) + '"';
}

}  // namespace podmedic
