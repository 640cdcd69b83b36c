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

/// Starts a program as run_command() describes, or says in one line why it did not start. The executor's context is
/// told of the fork. The kernel kills the program when we end, however we end (prctl(2), PR_SET_PDEATHSIG).
std::variant<launched, std::string> launch(boost::asio::any_io_executor executor,
                                           const std::vector<std::string>& arguments,
                                           std::vector<std::string> environment);

}  // namespace podmedic
