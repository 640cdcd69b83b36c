#include "probes/task_stat.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace podmedic::probes {
namespace {

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \t\n"));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::int64_t> number(std::string_view word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || value < 0) return std::nullopt;
  return value;
}

/// What follows `name` at the begin of a line; nothing where there is no such line.
std::optional<std::string_view> behind(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(name)) return line.substr(name.size());
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return std::nullopt;
}

}  // namespace

std::optional<task_stat> parse_task_stat(std::string_view text) {
  const std::size_t close = text.rfind(')');  // the command may hold one
  if (close == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(close + 1);
  const std::string_view state = next_word(rest);
  if (state.size() != 1) return std::nullopt;
  constexpr int last_field = 20;
  std::optional<std::int64_t> fields[last_field + 1];
  for (int field = 4; field <= last_field; ++field) fields[field] = number(next_word(rest));
  if (!fields[10] || !fields[14] || !fields[15] || !fields[20]) return std::nullopt;
  static const std::int64_t ticks_per_second = ::sysconf(_SC_CLK_TCK);
  constexpr std::int64_t most_ticks = std::int64_t{1} << 50;
  if (*fields[14] > most_ticks || *fields[15] > most_ticks) return std::nullopt;
  const auto time = [](std::int64_t ticks) { return milliseconds(ticks * 1'000 / ticks_per_second); };
  return task_stat{state.front(), *fields[10], time(*fields[14] + *fields[15]), time(*fields[15]), *fields[20]};
}

std::optional<std::int64_t> number_in_lines(std::string_view text, std::string_view name) {
  auto rest = behind(text, std::string(name) + ":");
  return rest ? number(next_word(*rest)) : std::nullopt;
}

std::optional<std::int64_t> open_files_limit_in(std::string_view text) {
  auto rest = behind(text, "Max open files");
  return rest ? number(next_word(*rest)) : std::nullopt;
}

}  // namespace podmedic::probes
