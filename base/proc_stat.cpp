#include "base/proc_stat.hpp"

#include "base/files.hpp"

#include <unistd.h>

#include <charconv>
#include <filesystem>

namespace podmedic {
namespace {

constexpr int parent_field = 4;
constexpr int start_field = 22;

/// Cuts the first word off `text`.
std::string_view next_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

template <class Number>
bool to_number(std::string_view word, Number& number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size();
}

milliseconds ticks_to_time(long long ticks) {
  static const long long ticks_per_second = ::sysconf(_SC_CLK_TCK);
  return milliseconds(ticks * 1'000 / ticks_per_second);
}

}  // namespace

std::optional<proc_stat> parse_proc_stat(std::string_view text) {
  // The command may itself hold spaces and parentheses; the last ')' ends it.
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  if (text.size() < close + 4) return std::nullopt;

  proc_stat found;
  found.command = text.substr(open + 1, close - open - 1);
  found.state = text[close + 2];
  std::string_view rest = text.substr(close + 4);
  if (!to_number(next_word(rest), found.parent)) return std::nullopt;
  for (int field = parent_field + 1; field < start_field; ++field) next_word(rest);
  long long ticks = 0;
  if (!to_number(next_word(rest), ticks)) return std::nullopt;
  found.started = instant(ticks_to_time(ticks));
  return found;
}

std::optional<pid_t> uninterruptible_thread(pid_t pid, const std::string& proc_root) {
  std::error_code gone;
  const std::string process = proc_root + "/" + std::to_string(pid);
  for (const auto& thread : std::filesystem::directory_iterator(process + "/task", gone)) {
    const std::string name = thread.path().filename();
    pid_t id = 0;
    if (!to_number(name, id)) continue;
    const auto now = read_proc_stat(id, process + "/task");
    if (now && now->state == 'D') return id;
  }
  return std::nullopt;
}

std::optional<proc_stat> read_proc_stat(pid_t pid, const std::string& proc_root) {
  const auto text = read_file(proc_root + "/" + std::to_string(pid) + "/stat", 4096);
  const auto* read = std::get_if<std::string>(&text);
  if (read == nullptr) return std::nullopt;
  return parse_proc_stat(*read);
}

}  // namespace podmedic
