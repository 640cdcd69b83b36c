#include "base/status_ranges.hpp"

#include <algorithm>
#include <charconv>

namespace podmedic {
namespace {

constexpr std::string_view blank = " ";

std::optional<int> parse_code(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
  text = text.substr(0, text.find_last_not_of(blank) + 1);
  int code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && code >= 100 && code <= 599 ? std::optional<int>(code) : std::nullopt;
}

}  // namespace

std::optional<status_ranges> status_ranges::parse(std::string_view text) {
  status_ranges result;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const std::string_view item = text.substr(begin, comma - begin);
    const std::size_t dash = item.find('-');
    const auto first = parse_code(item.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_code(item.substr(dash + 1));
    if (!first || !last || *first > *last) {
      return std::nullopt;
    }
    result.ranges_.emplace_back(*first, *last);
    begin = comma + 1;
  }
  return result;
}

bool status_ranges::contains(int status) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const auto& range) { return status >= range.first && status <= range.second; });
}

}  // namespace podmedic
