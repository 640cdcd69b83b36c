#pragma once
#include <string>
#include <variant>

namespace podmedic::commands {

struct unreadable {
  std::string why;
};
/// A manifest: a file, or the standard input where the path is "-". At most 16 MiB.
std::variant<std::string, unreadable> read_input(const std::string& path);

}  // namespace podmedic::commands
