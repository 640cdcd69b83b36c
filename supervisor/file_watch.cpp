#include "supervisor/file_watch.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/inotify.h>
#include <unistd.h>

#include <array>

namespace podmedic {
namespace asio = boost::asio;

file_watch::file_watch(const asio::any_io_executor& executor, const std::string& file) : inotify_(executor) {
  const std::size_t slash = file.rfind('/');
  directory_ = slash == std::string::npos ? "." : file.substr(0, slash);
  if (const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC); fd >= 0) inotify_.assign(fd);
  watch();
}

void file_watch::watch() {
  if (watching_ || !inotify_.is_open()) return;
  watching_ = ::inotify_add_watch(inotify_.native_handle(), directory_.c_str(),
                                  IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_ONLYDIR) >= 0;
}

asio::awaitable<void> file_watch::changed() {
  using asio::experimental::awaitable_operators::operator||;
  constexpr auto token = asio::as_tuple(asio::use_awaitable);
  const auto executor = co_await asio::this_coro::executor;
  watch();
  asio::steady_timer timer(executor, watching_ ? std::chrono::seconds(60) : std::chrono::seconds(5));
  if (!watching_) {
    co_await timer.async_wait(token);
    co_return;
  }
  co_await (timer.async_wait(token) || inotify_.async_wait(asio::posix::descriptor_base::wait_read, token));
  std::array<char, 4096> events;
  while (::read(inotify_.native_handle(), events.data(), events.size()) > 0) {
  }
}

}  // namespace podmedic
