#include "supervisor/config/windows.hpp"

#include "base/fields.hpp"
#include "base/scalars.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace podmedic::config {
namespace {

constexpr std::array<std::string_view, 7> day_names{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
using day_set = std::array<bool, 7>;
constexpr int minutes_a_day = 24 * 60;
constexpr int minutes_a_week = 7 * minutes_a_day;

std::variant<std::size_t, std::string> read_day(std::string_view name) {
  const auto at = std::find(day_names.begin(), day_names.end(), name);
  if (at != day_names.end()) return static_cast<std::size_t>(at - day_names.begin());
  const std::string nearest = nearest_name(name, day_names);
  return "expected Mon, Tue, Wed, Thu, Fri, Sat, Sun or *, found " + quoted(name) +
         (nearest.empty() ? "" : "; did you mean " + nearest + "?");
}

/// The days of "Mon-Fri", "Sat,Sun" or "*", each once.
std::variant<day_set, std::string> read_days(std::string_view text) {
  day_set days{};
  if (text == "*") {
    days.fill(true);
    return days;
  }
  for (std::string_view rest = text;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view range = rest.substr(0, comma);
    const std::size_t dash = std::min(range.find('-'), range.size());
    const auto first = read_day(range.substr(0, dash));
    const auto last = dash < range.size() ? read_day(range.substr(dash + 1)) : first;
    for (const auto* each : {&first, &last}) {
      if (const auto* wrong = std::get_if<std::string>(each)) return *wrong;
    }
    for (std::size_t day = std::get<std::size_t>(first);; day = (day + 1) % days.size()) {
      days[day] = true;
      if (day == std::get<std::size_t>(last)) break;
    }
    if (comma == rest.size()) return days;
    rest.remove_prefix(comma + 1);
  }
}

/// Minutes of the day of "02:00", up to 24:00.
std::optional<int> read_time(std::string_view text) {
  constexpr std::string_view form = "00:00";
  if (text.size() != form.size()) return std::nullopt;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool fits = form[i] == ':' ? text[i] == ':' : text[i] >= '0' && text[i] <= '9';
    if (!fits) return std::nullopt;
  }
  const auto two_digits = [&](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  const int minute = two_digits(3);
  const int of_day = two_digits(0) * 60 + minute;
  if (minute > 59 || of_day > minutes_a_day) return std::nullopt;
  return of_day;
}

}  // namespace

std::variant<std::vector<policy::window>, std::string> read_windows(std::string_view text) {
  static const std::string shape = "expected days and times in UTC, as \"Mon-Fri 02:00-05:00\", found ";
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return shape + quoted(text);
  const auto days = read_days(text.substr(0, space));
  if (const auto* wrong = std::get_if<std::string>(&days)) return *wrong;
  const std::string_view times = text.substr(std::min(text.find_first_not_of(' ', space), text.size()));
  const std::size_t dash = times.find('-');
  if (dash == std::string_view::npos) return shape + quoted(text);
  const auto begin = read_time(times.substr(0, dash));
  const auto end = read_time(times.substr(dash + 1));
  if (!begin || !end || *begin == minutes_a_day) return shape + quoted(text);
  if (*begin == *end) return quoted(text) + " is empty; the whole day is 00:00-24:00";
  std::vector<policy::window> windows;
  for (int day = 0; day < 7; ++day) {
    if (!std::get<day_set>(days)[static_cast<std::size_t>(day)]) continue;
    const int midnight = day * minutes_a_day;
    const int ends = midnight + *end + (*end < *begin ? minutes_a_day : 0);
    windows.push_back({midnight + *begin, ends > minutes_a_week ? ends - minutes_a_week : ends});
  }
  return windows;
}

}  // namespace podmedic::config
