// What a client's bytes get from the server of the pages, over a real connection.
#include "supervisor/surface/server.hpp"
#include "test/support/run_coroutine.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <gmock/gmock.h>

namespace podmedic::surface {
namespace {

namespace asio = boost::asio;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr auto token = asio::as_tuple(asio::use_awaitable);

/// Sends the pieces one by one, and returns all that comes until the server hangs up.
asio::awaitable<std::string> answer_to(asio::ip::tcp::endpoint at, std::vector<std::string> pieces) {
  asio::ip::tcp::socket client(co_await asio::this_coro::executor);
  co_await client.async_connect(at, asio::use_awaitable);
  client.set_option(asio::ip::tcp::no_delay(true));
  for (const std::string& piece : pieces) co_await asio::async_write(client, asio::buffer(piece), token);
  std::string heard;
  auto reading = asio::async_read(client, asio::dynamic_buffer(heard), token);
  co_await std::move(reading);
  co_return heard;
}

class the_server : public testing::Test {
 protected:
  the_server() { EXPECT_EQ(server_.listen_tcp("127.0.0.1", 0), std::nullopt); }
  std::string answer(std::vector<std::string> pieces) {
    return test::run_coroutine(context_,
                               answer_to({asio::ip::address_v4::loopback(), server_.port()}, std::move(pieces)));
  }

  asio::io_context context_{1};
  server server_{context_, [](const question& asked) {
                   return page{.status = asked.path == "/metrics" ? 200 : 404,
                               .body = asked.method + " " + asked.path + " " + asked.body + ";"};
                 }};
};

TEST_F(the_server, answers_a_request_that_comes_byte_by_byte) {
  const std::string request = "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  std::vector<std::string> bytes;
  for (const char c : request) bytes.emplace_back(1, c);
  const std::string heard = answer(bytes);
  EXPECT_THAT(heard, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(heard, HasSubstr("Content-Length: 14\r\n"));
  EXPECT_THAT(heard, EndsWith("Connection: close\r\n\r\nGET /metrics ;"));
}

TEST_F(the_server, answers_requests_that_come_in_one_piece_in_their_order_and_keeps_the_connection_between_them) {
  const std::string heard =
      answer({"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
              "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"});
  EXPECT_THAT(heard, StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(heard.substr(0, heard.find("POST")), Not(HasSubstr("Connection: close")));
  EXPECT_THAT(heard, HasSubstr("\r\n\r\nPOST /a one;HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(heard, EndsWith("GET /metrics ;"));
}

TEST_F(the_server, closes_after_the_answer_to_a_client_of_http_1_0) {
  EXPECT_THAT(answer({"GET /metrics HTTP/1.0\r\n\r\n"}), EndsWith("GET /metrics ;"));
}

TEST_F(the_server, hangs_up_on_what_is_too_large_or_no_request) {
  EXPECT_THAT(answer({"GET /metrics HTTP/1.1\r\nHost: " + std::string(20'000, 'a')}), IsEmpty());
  EXPECT_THAT(answer({"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n"}), IsEmpty());
  EXPECT_THAT(answer({"hello, are you there?\r\n\r\n"}), IsEmpty());
  EXPECT_THAT(answer({"GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n"}), StartsWith("HTTP/1.1 200"));
}

}  // namespace
}  // namespace podmedic::surface
