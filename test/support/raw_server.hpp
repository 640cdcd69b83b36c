#pragma once
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <memory>
#include <string>

namespace podmedic::test {

/// Sends the given bytes to whoever has said something, again and again where told so, then waits for the other side to
/// hang up, or hangs up itself.
class raw_server {
 public:
  enum class afterwards { wait, hang_up, repeat };

  raw_server(boost::asio::io_context& context, std::string bytes, afterwards then)
      : bytes_(std::move(bytes)), then_(then), acceptor_(context, {boost::asio::ip::address_v4::loopback(), 0}) {
    boost::asio::co_spawn(context, accept(), boost::asio::detached);
  }
  std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }
  int accepted() const { return accepted_; }

 private:
  using socket = boost::asio::ip::tcp::socket;

  boost::asio::awaitable<void> accept() {
    for (;;) {
      auto client = std::make_shared<socket>(acceptor_.get_executor());
      co_await acceptor_.async_accept(*client, boost::asio::use_awaitable);
      ++accepted_;
      boost::asio::co_spawn(acceptor_.get_executor(), answer(client), boost::asio::detached);
    }
  }

  boost::asio::awaitable<void> answer(std::shared_ptr<socket> client) {
    std::array<char, 4096> heard{};
    co_await client->async_read_some(boost::asio::buffer(heard), boost::asio::as_tuple(boost::asio::use_awaitable));
    for (bool again = true; again; again = then_ == afterwards::repeat) {
      auto writing = boost::asio::async_write(*client, boost::asio::buffer(bytes_),
                                              boost::asio::as_tuple(boost::asio::use_awaitable));
      const auto [failed, size] = co_await std::move(writing);
      if (failed) co_return;
    }
    while (then_ == afterwards::wait) {
      auto reading =
          client->async_read_some(boost::asio::buffer(heard), boost::asio::as_tuple(boost::asio::use_awaitable));
      const auto [failed, size] = co_await std::move(reading);
      if (failed) co_return;
    }
  }

  const std::string bytes_;
  const afterwards then_;
  boost::asio::ip::tcp::acceptor acceptor_;
  int accepted_ = 0;
};

}  // namespace podmedic::test
