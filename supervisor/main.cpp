#include "supervisor/commands/commands.hpp"

#include <cstdlib>

int main(int argument_count, char** arguments) {
  // Ends without running destructors: nothing is left to tell anyone, and the kernel closes everything faster.
  std::_Exit(podmedic::commands::run_command_line(argument_count, arguments));
}
