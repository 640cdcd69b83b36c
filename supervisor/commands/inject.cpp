#include "supervisor/manifest/inject.hpp"

#include "base/scalars.hpp"
#include "supervisor/commands/commands.hpp"
#include "supervisor/commands/input.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace podmedic::commands {

int inject(const inject_options& options) {
  const auto content = read_input(options.file);
  if (const auto* failed = std::get_if<unreadable>(&content)) {
    fmt::print(stderr, "podmedic: {}\n", failed->why);
    return 2;
  }
  const auto& text = std::get<std::string>(content);
  const manifest::injection what{options.image, options.restart_method != "SignalAll", options.service_account};
  const manifest::injected made = options.uninject ? manifest::uninject(text) : manifest::inject(text, what);
  for (const std::string& each : made.remarks) fmt::print(stderr, "podmedic: {}\n", printable(each, 1024));
  for (const std::string& each : made.errors)
    fmt::print(stderr, "podmedic: {}: {}\n", options.file, printable(each, 1024));
  if (!made.errors.empty()) return usage_error;
  if (made.pods == 0) fmt::print(stderr, "podmedic: no Pod in {}\n", options.file);
  std::fwrite(made.text.data(), 1, made.text.size(), stdout);
  return success;
}

}  // namespace podmedic::commands
