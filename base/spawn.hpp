#pragma once
#include "base/time.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <string>
#include <variant>
#include <vector>

namespace podmedic {

/// How a command ended.
struct command_exit {
  int code = 0;            ///< exit code, or 128 + the signal that ended it
  std::string output;      ///< the first max_output_bytes of its standard output and error, together
  bool timed_out = false;  ///< the deadline passed and it was killed
};
/// The command did not start: which program, and why.
struct command_not_started {
  std::string message;
};
using command_result = std::variant<command_exit, command_not_started>;

/// Runs a program (no shell; looked for in PATH where its name has no slash) under a warden (warden.hpp), with no
/// descriptor of ours (close_range(2)) but 0, 1 and 2, standard input /dev/null, and only `environment`, to which PATH
/// is added where it has none.
///
/// It leaves nothing behind: it and all that it has started, in other groups and sessions too, is killed by SIGKILL at
/// the deadline, when the program ends, and when the awaiting coroutine is cancelled (then operation_aborted is thrown,
/// as Asio does) or destroyed. Output beyond max_output_bytes is read and dropped, so that the program does not stall
/// on a full pipe. A program that even SIGKILL does not end (D state) is left alone 200 ms after the deadline:
/// timed_out, with code 137.
boost::asio::awaitable<command_result> run_command(std::vector<std::string> arguments, milliseconds timeout,
                                                   std::size_t max_output_bytes = 4096,
                                                   std::vector<std::string> environment = {});

}  // namespace podmedic
