#include "supervisor/rehearsal/change.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace podmedic::rehearsal {
namespace asio = boost::asio;

void change::notify() {
  for (asio::steady_timer& timer : waiting_) timer.cancel();
}

asio::awaitable<bool> change::until(std::function<bool()> condition, milliseconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) co_return false;
    const auto timer = waiting_.emplace(waiting_.end(), executor_, deadline);
    co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
    waiting_.erase(timer);
  }
  co_return true;
}

}  // namespace podmedic::rehearsal
