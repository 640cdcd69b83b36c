#include "supervisor/commands/commands.hpp"

#include <cstdio>
#include <cstdlib>

int main(int argument_count, char** arguments) {
  // Ends without running destructors: nothing is left to tell anyone, and the kernel closes everything faster.
  const int code = podmedic::commands::run_command_line(argument_count, arguments);
  std::fflush(nullptr);
  std::_Exit(code);
}
