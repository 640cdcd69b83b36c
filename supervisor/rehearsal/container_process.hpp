#pragma once
#include "base/files.hpp"
#include "base/process_table.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace podmedic::rehearsal {

/// One life of a container: its main process and all that it starts, which end with it.
///
/// What belongs to it is told by PODMEDIC_POD and PODMEDIC_CONTAINER in the environment, as a cgroup would. Should the
/// rehearsal be killed, the kernel kills the main process too (prctl(2), PR_SET_PDEATHSIG).
class container_process {
 public:
  struct how {
    std::vector<std::string> command;
    std::vector<std::string> environment;
    std::string pod;
    std::string name;
    std::string log_file;                           ///< its standard output and error are added to it
    std::function<void(std::string_view)> on_line;  ///< called for each line of them
  };
  /// The process, or why it did not start.
  static std::variant<std::unique_ptr<container_process>, std::string> start(boost::asio::io_context& context, how as);

  ~container_process();
  container_process(const container_process&) = delete;
  container_process& operator=(const container_process&) = delete;

  /// Until the main process ends; then kills the rest of the container, and gives the exit code (128 + a signal).
  boost::asio::awaitable<int> run();
  /// To the main process, as the runtime does for SIGTERM.
  void signal_main(int signal);
  /// To all its processes.
  void signal_all(int signal);

 private:
  container_process(boost::asio::io_context& context, how as, pid_t pid, unique_fd exited, unique_fd output,
                    unique_fd log);
  boost::asio::awaitable<void> collect_output();
  bool read_output();

  how as_;
  pid_t pid_;
  boost::asio::posix::stream_descriptor exited_;
  boost::asio::posix::stream_descriptor output_;
  unique_fd log_;
  std::string unfinished_line_;
  proc_process_table processes_;
};

}  // namespace podmedic::rehearsal
