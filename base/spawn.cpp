#include "base/spawn.hpp"

#include "base/launch.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>

namespace podmedic {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr milliseconds after_kill{200};  // for a killed process to go; longer only in D state
constexpr int reads_at_once = 16;        // of 4 KiB, a whole pipe: then others get their turn

/// Those that have still to be reaped: what they were told to kill would not die yet.
std::vector<pid_t>& unreaped_wardens() {
  static std::vector<pid_t> wardens;
  return wardens;
}

/// Never waits.
void reap_wardens() {
  std::erase_if(unreaped_wardens(), [](pid_t warden) { return ::waitpid(warden, nullptr, WNOHANG) != 0; });
}

/// A running program with all that is pending on it. The handlers share it; end() makes them all end.
class running_command : public std::enable_shared_from_this<running_command> {
 public:
  running_command(const asio::any_io_executor& executor, launched child, std::size_t max_output_bytes)
      : exited(executor, child.exited.release()),
        output_(executor, child.output.release()),
        deadline_(executor),
        warden_(child.pid),
        max_output_bytes_(max_output_bytes) {}

  void kill_after(milliseconds timeout) {
    deadline_.expires_after(timeout);
    deadline_.async_wait([self = shared_from_this()](error_code error) {
      if (error || self->ended_) return;
      self->result_.timed_out = true;
      ::kill(self->warden_, SIGTERM);
      self->give_up_after_kill();
    });
  }

  void collect_output() {
    output_.async_wait(asio::posix::descriptor_base::wait_read, [self = shared_from_this()](error_code error) {
      if (error || self->ended_) return;
      if (self->read_output()) self->collect_output();
    });
  }

  /// Takes the exit status of the program, or has the warden kill what there is. Its number is surely still its own,
  /// for it has not been reaped before.
  void end() {
    if (ended_) return;
    ended_ = true;
    int status = 0;
    const bool reaped = ::waitpid(warden_, &status, WNOHANG) > 0;
    result_.code = !reaped ? 128 + SIGKILL : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (!reaped) {
      ::kill(warden_, SIGTERM);
      unreaped_wardens().push_back(warden_);
    }
    reap_wardens();
    read_output();
    error_code ignored;
    output_.close(ignored);
    exited.close(ignored);
    deadline_.cancel();
  }

  bool given_up() const { return given_up_; }
  command_exit take_result() { return std::move(result_); }

  asio::posix::stream_descriptor exited;

 private:
  void give_up_after_kill() {
    deadline_.expires_after(after_kill);
    deadline_.async_wait([self = shared_from_this()](error_code error) {
      if (error || self->ended_) return;
      self->given_up_ = true;
      self->exited.cancel();
    });
  }

  /// What is there now; false at the end of the output.
  bool read_output() {
    std::array<char, 4096> piece;
    for (int i = 0; i < reads_at_once; ++i) {
      const ssize_t length = ::read(output_.native_handle(), piece.data(), piece.size());
      if (length <= 0) return length < 0 && (errno == EAGAIN || errno == EINTR);
      const std::size_t room = max_output_bytes_ - result_.output.size();
      result_.output.append(piece.data(), std::min(room, static_cast<std::size_t>(length)));
    }
    return true;
  }

  asio::posix::stream_descriptor output_;
  asio::steady_timer deadline_;
  pid_t warden_;
  std::size_t max_output_bytes_;
  command_exit result_;
  bool given_up_ = false;
  bool ended_ = false;
};

/// Ends the command however the coroutine is left.
struct ending {
  std::shared_ptr<running_command> command;
  explicit ending(std::shared_ptr<running_command> of) : command(std::move(of)) {}
  ending(const ending&) = delete;
  ending& operator=(const ending&) = delete;
  ~ending() { command->end(); }
};

}  // namespace

asio::awaitable<command_result> run_command(std::vector<std::string> arguments, milliseconds timeout,
                                            std::size_t max_output_bytes, std::vector<std::string> environment) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  reap_wardens();
  auto started = launch(executor, arguments, std::move(environment), strays::end_with_it);
  if (auto* why = std::get_if<std::string>(&started)) co_return command_not_started{std::move(*why)};

  const auto command =
      std::make_shared<running_command>(executor, std::move(std::get<launched>(started)), max_output_bytes);
  const ending at_the_end(command);
  command->kill_after(timeout);
  command->collect_output();
  const auto waited =
      co_await command->exited.async_wait(asio::posix::descriptor_base::wait_read, asio::as_tuple(asio::use_awaitable));
  const error_code error = std::get<0>(waited);
  if (error && !command->given_up()) throw boost::system::system_error(error);
  command->end();
  co_return command->take_result();
}

}  // namespace podmedic
