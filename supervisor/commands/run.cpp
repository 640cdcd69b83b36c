#include "base/log.hpp"
#include "supervisor/commands/commands.hpp"
#include "supervisor/supervisor.hpp"

#include <csignal>

namespace podmedic::commands {

int run(run_options options) {
  log::open(options.log_format, options.log_level);
  std::signal(SIGPIPE, SIG_IGN);
  log::info("podmedic " PODMEDIC_VERSION " starts");
  supervisor shell(std::move(options));
  return shell.run();
}

}  // namespace podmedic::commands
