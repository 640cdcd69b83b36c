#include "supervisor/rehearsal/container_process.hpp"

#include "base/launch.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace podmedic::rehearsal {
namespace asio = boost::asio;
namespace {
constexpr std::size_t piece_bytes = 16 * 1024;
constexpr int pieces_of_a_pipe = 4;  // pipe(7): 64 KiB
}  // namespace

std::variant<std::unique_ptr<container_process>, std::string> container_process::start(asio::io_context& context,
                                                                                       how as) {
  unique_fd log(::open(as.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log) return errno_text("open", as.log_file, errno);
  auto started = launch(context.get_executor(), as.command, as.environment);
  if (auto* error = std::get_if<std::string>(&started)) return std::move(*error);
  auto& child = std::get<launched>(started);
  return std::unique_ptr<container_process>(new container_process(
      context, std::move(as), child.pid, std::move(child.exited), std::move(child.output), std::move(log)));
}

container_process::container_process(asio::io_context& context, how as, pid_t pid, unique_fd exited, unique_fd output,
                                     unique_fd log)
    : as_(std::move(as)),
      pid_(pid),
      exited_(context, exited.release()),
      output_(context, output.release()),
      log_(std::move(log)),
      processes_(as_.pod) {}

container_process::~container_process() {
  if (pid_ == 0) return;
  signal_all(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

asio::awaitable<int> container_process::run() {
  asio::co_spawn(output_.get_executor(), collect_output(), asio::detached);
  co_await exited_.async_wait(asio::posix::descriptor_base::wait_read, asio::as_tuple(asio::use_awaitable));
  signal_all(SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);  // it has ended: the descriptor says so
  pid_ = 0;
  for (int i = 0; i < pieces_of_a_pipe; ++i) read_output();
  boost::system::error_code ignored;
  output_.close(ignored);
  co_return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

asio::awaitable<void> container_process::collect_output() {
  for (bool open = true; open;) {
    const auto waited =
        co_await output_.async_wait(asio::posix::descriptor_base::wait_read, asio::as_tuple(asio::use_awaitable));
    open = !std::get<0>(waited) && read_output();
  }
}

/// What is there now, into the log and by lines; false at its end.
bool container_process::read_output() {
  std::array<char, piece_bytes> piece;
  const ssize_t length = ::read(output_.native_handle(), piece.data(), piece.size());
  if (length <= 0) return length < 0 && (errno == EAGAIN || errno == EINTR);
  const std::string_view text(piece.data(), static_cast<std::size_t>(length));
  [[maybe_unused]] const ssize_t written = ::write(log_.get(), text.data(), text.size());  // a full disk loses lines
  unfinished_line_ += text;
  for (std::size_t end = 0; (end = unfinished_line_.find('\n')) != std::string::npos;) {
    as_.on_line(std::string_view(unfinished_line_).substr(0, end));
    unfinished_line_.erase(0, end + 1);
  }
  return true;
}

void container_process::signal_main(int signal) {
  if (pid_ > 0) ::kill(pid_, signal);
}

void container_process::signal_all(int signal) {
  if (pid_ == 0) return;
  ::kill(-pid_, signal);
  for (const container_processes& group : processes_.containers({})) {
    if (group.name != as_.name) continue;
    for (const process& member : group.members) ::kill(member.pid, signal);
  }
}

}  // namespace podmedic::rehearsal
