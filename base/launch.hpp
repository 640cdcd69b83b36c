#pragma once
#include "base/files.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <sys/types.h>

#include <string>
#include <variant>
#include <vector>

namespace podmedic {

/// A program that has been started, in a process group whose id is its pid. Nobody waits for it yet.
struct launched {
  pid_t pid = 0;
  unique_fd exited;  ///< pidfd: readable once it has ended
  unique_fd output;  ///< its standard output and error, non-blocking
};

/// What becomes of processes that the program has started, when it ends.
enum class strays {
  live_on,      ///< the program is our child
  end_with_it,  ///< our child is a warden (warden.hpp), which ends as the program does, and is told to end by SIGTERM
};

/// Starts a program as run_command() describes, or says in one line why it did not start. The executor's context is
/// told of the fork. The program is killed when we end, however we end (prctl(2), PR_SET_PDEATHSIG).
std::variant<launched, std::string> launch(boost::asio::any_io_executor executor,
                                           const std::vector<std::string>& arguments,
                                           std::vector<std::string> environment, strays its_own = strays::live_on);

}  // namespace podmedic
