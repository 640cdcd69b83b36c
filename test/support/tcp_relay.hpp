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
#include <cstdint>
#include <memory>
#include <string>

namespace podmedic::test {

/// Carries TCP connections to a server on loopback, until those that are open are told to fall silent (they stay open,
/// and nothing comes through any more) or to end as soon as somebody uses them.
class tcp_relay {
 public:
  tcp_relay(boost::asio::io_context& context, const std::string& server_port)
      : acceptor_(context, {boost::asio::ip::address_v4::loopback(), 0}),
        server_(boost::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(server_port))) {
    boost::asio::co_spawn(context, accept(), boost::asio::detached);
  }

  std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }
  int accepted() const { return accepted_; }
  void silence_open_ones() { ++generation_; }
  void cut_open_ones_when_used() {
    ++generation_;
    cutting_ = true;
  }

 private:
  using socket = boost::asio::ip::tcp::socket;

  boost::asio::awaitable<void> accept() {
    for (;;) {
      auto client = std::make_shared<socket>(acceptor_.get_executor());
      co_await acceptor_.async_accept(*client, boost::asio::use_awaitable);
      auto server = std::make_shared<socket>(acceptor_.get_executor());
      co_await server->async_connect(server_, boost::asio::use_awaitable);
      ++accepted_;
      boost::asio::co_spawn(acceptor_.get_executor(), carry(client, server, generation_), boost::asio::detached);
      boost::asio::co_spawn(acceptor_.get_executor(), carry(server, client, generation_), boost::asio::detached);
    }
  }

  boost::asio::awaitable<void> carry(std::shared_ptr<socket> from, std::shared_ptr<socket> to, int generation) {
    std::array<char, 4096> piece{};
    for (;;) {
      auto reading =
          from->async_read_some(boost::asio::buffer(piece), boost::asio::as_tuple(boost::asio::use_awaitable));
      const auto [failed, size] = co_await std::move(reading);
      if (failed) break;
      if (generation != generation_ && cutting_) break;
      if (generation != generation_) continue;
      auto writing = boost::asio::async_write(*to, boost::asio::buffer(piece, size),
                                              boost::asio::as_tuple(boost::asio::use_awaitable));
      const auto [not_written, written] = co_await std::move(writing);
      if (not_written) break;
    }
    boost::system::error_code ignored;
    to->shutdown(socket::shutdown_send, ignored);
    if (cutting_) from->close(ignored);
  }

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ip::tcp::endpoint server_;
  int generation_ = 0;
  bool cutting_ = false;
  int accepted_ = 0;
};

}  // namespace podmedic::test
