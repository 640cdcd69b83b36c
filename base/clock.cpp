#include "base/clock.hpp"

#include "base/files.hpp"

#include <time.h>

#include <array>
#include <cstdio>

namespace podmedic {
namespace {

milliseconds read_clock(clockid_t which) {
  timespec now{};
  ::clock_gettime(which, &now);  // fails only for an unknown clock; Linux has both since 2.6.39
  return std::chrono::duration_cast<milliseconds>(std::chrono::seconds(now.tv_sec) +
                                                  std::chrono::nanoseconds(now.tv_nsec));
}

template <class... Arguments>
std::string printed(const char* format, Arguments... arguments) {
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), format, arguments...);
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

instant boot_now() {
  return instant(read_clock(CLOCK_BOOTTIME));
}

wall_time wall_now() {
  return wall_time(read_clock(CLOCK_REALTIME));
}

std::string boot_id() {
  auto read = read_file("/proc/sys/kernel/random/boot_id", 128);
  auto* text = std::get_if<std::string>(&read);
  if (text == nullptr) return {};
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return std::move(*text);
}

std::string to_rfc3339(wall_time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return printed("%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                 static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                 static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
}

std::string to_text(milliseconds duration) {
  const long long total = duration.count();
  if (total < 0) return "-" + to_text(-duration);
  if (total < 1'000) return printed("%lld ms", total);
  if (total < 60'000) {
    const long long tenths = total / 100;  // cut, not rounded: 59.96 s must not become 60.0 s
    return tenths % 10 == 0 ? printed("%lld s", tenths / 10) : printed("%lld.%lld s", tenths / 10, tenths % 10);
  }
  const long long seconds = total / 1'000;
  if (seconds < 3'600) {
    return seconds % 60 == 0 ? printed("%lld min", seconds / 60)
                             : printed("%lld min %lld s", seconds / 60, seconds % 60);
  }
  const long long minutes = seconds / 60;
  return minutes % 60 == 0 ? printed("%lld h", minutes / 60) : printed("%lld h %lld min", minutes / 60, minutes % 60);
}

}  // namespace podmedic
