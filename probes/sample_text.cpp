#include "probes/sample_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace podmedic::probes {

std::string number_text(double value) {
  return fmt::to_string(value);  // std::to_chars would do the same with 130 KB more of tables
}

namespace {

bool is_plain(unsigned char character) {
  return character > ' ' && character < 0x7f && character != '%';
}

template <typename Number>
Number parsed(std::string_view name, const std::string& text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) {
    throw std::invalid_argument("sample: " + std::string(name) + "=" + text + " is no number");
  }
  return value;
}

}  // namespace

sample_text::sample_text(std::string_view line) {
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    if (word.empty()) {
      continue;
    }
    const std::size_t sign = word.find('=');
    if (sign == std::string_view::npos || sign == 0) {
      throw std::invalid_argument("sample: expected name=value, not " + std::string(word));
    }
    if (!values_.emplace(word.substr(0, sign), word.substr(sign + 1)).second) {
      throw std::invalid_argument("sample: twice " + std::string(word.substr(0, sign)));
    }
  }
}

sample_text& sample_text::add(std::string_view name, std::int64_t value) {
  values_[std::string(name)] = std::to_string(value);
  return *this;
}

sample_text& sample_text::add(std::string_view name, double value) {
  values_[std::string(name)] = number_text(value);
  return *this;
}

sample_text& sample_text::add(std::string_view name, std::string_view value) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string written;
  for (const char each : value) {
    const auto character = static_cast<unsigned char>(each);
    if (is_plain(character)) {
      written += static_cast<char>(character);
    } else {
      written += {'%', digits[character >> 4], digits[character & 15]};
    }
  }
  values_[std::string(name)] = std::move(written);
  return *this;
}

std::string sample_text::to_text() const {
  std::string line;
  for (const auto& [name, value] : values_) {
    line += (line.empty() ? "" : " ") + name + "=" + value;
  }
  return line;
}

std::int64_t sample_text::integer(std::string_view name) const {
  return parsed<std::int64_t>(name, raw(name));
}

double sample_text::number(std::string_view name) const {
  return parsed<double>(name, raw(name));
}

std::string sample_text::text(std::string_view name) const {
  const std::string& written = raw(name);
  std::string value;
  for (std::size_t at = 0; at < written.size(); ++at) {
    unsigned char character = static_cast<unsigned char>(written[at]);
    if (character == '%') {
      const char* digits = written.data() + at + 1;
      if (at + 2 >= written.size() || std::from_chars(digits, digits + 2, character, 16).ptr != digits + 2) {
        throw std::invalid_argument("sample: " + std::string(name) + "=" + written + " has a % without two digits");
      }
      at += 2;
    }
    value += static_cast<char>(character);
  }
  return value;
}

const std::string& sample_text::raw(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) {
    throw std::invalid_argument("sample: no " + std::string(name));
  }
  return found->second;
}

}  // namespace podmedic::probes
