#pragma once
#include "base/time.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <list>

namespace podmedic::rehearsal {

/// Lets coroutines wait until something holds; told of each change by notify().
class change {
 public:
  explicit change(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  void notify();
  /// Until the condition holds or so much time has passed; whether it holds.
  boost::asio::awaitable<bool> until(std::function<bool()> condition, milliseconds at_most);

 private:
  boost::asio::any_io_executor executor_;
  std::list<boost::asio::steady_timer> waiting_;
};

}  // namespace podmedic::rehearsal
