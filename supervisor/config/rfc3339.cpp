#include "supervisor/config/rfc3339.hpp"

namespace podmedic::config {
namespace {

/// Reads a text of a fixed shape from the front; after the first mismatch all further steps do nothing.
class shape {
 public:
  explicit shape(std::string_view text) : rest_(text) {}

  int digits(std::size_t count, int minimum, int maximum) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + digit();
    if (value < minimum || value > maximum) ok_ = false;
    return value;
  }
  /// One of the characters, or a mismatch.
  char one_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_[0]) == std::string_view::npos) {
      ok_ = false;
      return '\0';
    }
    const char found = rest_[0];
    rest_.remove_prefix(1);
    return found;
  }
  bool begins_with(char c) const { return ok_ && rest_.starts_with(c); }
  bool begins_with_digit() const { return ok_ && !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
  bool matched_all() const { return ok_ && rest_.empty(); }

 private:
  int digit() {
    const char c = one_of("0123456789");
    return ok_ ? c - '0' : 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

/// ".25" as 250.
int take_milliseconds(shape& text) {
  if (!text.begins_with('.')) return 0;
  text.one_of(".");
  int value = text.digits(1, 0, 9) * 100;
  for (int place = 10; text.begins_with_digit(); place /= 10) value += text.digits(1, 0, 9) * place;
  return value;
}

}  // namespace

std::optional<wall_time> read_rfc3339(std::string_view text) {
  using namespace std::chrono;
  shape in(text);
  const int year_number = in.digits(4, 0, 9999);
  in.one_of("-");
  const int month_number = in.digits(2, 1, 12);
  in.one_of("-");
  const int day_number = in.digits(2, 1, 31);
  in.one_of("Tt");
  const hours hour{in.digits(2, 0, 23)};
  in.one_of(":");
  const minutes minute{in.digits(2, 0, 59)};
  in.one_of(":");
  const seconds second{in.digits(2, 0, 59)};
  const milliseconds fraction{take_milliseconds(in)};
  minutes offset{0};
  if (const char zone = in.one_of("Zz+-"); zone == '+' || zone == '-') {
    const hours offset_hours{in.digits(2, 0, 23)};
    in.one_of(":");
    offset = offset_hours + minutes{in.digits(2, 0, 59)};
    if (zone == '-') offset = -offset;
  }
  if (!in.matched_all()) return std::nullopt;
  const year_month_day date{year{year_number}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  if (!date.ok()) return std::nullopt;
  return wall_time{sys_days{date} + hour + minute + second + fraction - offset};
}

}  // namespace podmedic::config
