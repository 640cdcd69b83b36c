#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace podmedic::test {

/// Runs a coroutine on the context until it has ended; its result, or its exception.
template <class Value>
Value run_coroutine(boost::asio::io_context& context, boost::asio::awaitable<Value> coroutine) {
  std::optional<Value> result;
  std::exception_ptr thrown;
  boost::asio::co_spawn(context, std::move(coroutine), [&](std::exception_ptr error, Value value) {
    thrown = error;
    result.emplace(std::move(value));
    context.stop();
  });
  context.restart();
  context.run();
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*result);
}

}  // namespace podmedic::test
