#include "supervisor/commands/input.hpp"

#include "base/files.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace podmedic::commands {
namespace {

constexpr std::size_t most_bytes = 16UL * 1024 * 1024;

/// It may be a pipe, which read_file() would not wait for.
std::variant<std::string, unreadable> read_standard_input() {
  std::string text;
  std::array<char, 16384> part{};
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, part.data(), part.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable{errno_text("read", "standard input", errno)};
    text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > most_bytes) return unreadable{"standard input is longer than 16 MiB"};
  }
}

}  // namespace

std::variant<std::string, unreadable> read_input(const std::string& path) {
  if (path == "-") return read_standard_input();
  auto content = read_file(path, most_bytes);
  if (auto* text = std::get_if<std::string>(&content)) return std::move(*text);
  return unreadable{std::get<file_error>(content).message};
}

}  // namespace podmedic::commands
