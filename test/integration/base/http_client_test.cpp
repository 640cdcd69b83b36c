#include "base/http_client.hpp"

#include "test/support/raw_server.hpp"
#include "test/support/run_coroutine.hpp"
#include "test/support/scripted_server.hpp"

#include <gmock/gmock.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <iterator>

namespace podmedic {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::raw_server;
using testing::HasSubstr;

class an_http_client : public testing::Test {
 protected:
  asio::io_context context{1};
  std::unique_ptr<http_client> http = std::make_unique<http_client>(context);

  static http_request to(const std::string& port) {
    http_request request;
    request.url = "http://127.0.0.1:" + port + "/";
    request.timeout = 10s;
    return request;
  }
  http_result send(http_request request) { return test::run_coroutine(context, http->send(std::move(request))); }
  http_response answer(http_request request) {
    http_result result = send(std::move(request));
    if (const auto* failed = std::get_if<http_failure>(&result)) throw std::runtime_error(failed->message);
    return std::get<http_response>(result);
  }
  http_failure failure(http_request request) {
    http_result result = send(std::move(request));
    return std::get<http_failure>(result);
  }
};

TEST_F(an_http_client, holds_its_connection_and_leaves_it_where_a_fresh_one_is_asked_for) {
  const test::scripted_server server;
  EXPECT_FALSE(answer(to(server.port())).reused);
  EXPECT_TRUE(answer(to(server.port())).reused);
  http_request fresh = to(server.port());
  fresh.fresh = true;
  EXPECT_FALSE(answer(fresh).reused);
  EXPECT_TRUE(answer(to(server.port())).reused);
}

TEST_F(an_http_client, dials_again_where_the_held_connection_is_dead) {
  // One whole answer, then it hangs up: the connection looks alive until it is used, or is found closed.
  raw_server server(context, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", raw_server::afterwards::hang_up);
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(answer(to(server.port())).status, 200);
    EXPECT_EQ(server.accepted(), i);
  }
}

TEST_F(an_http_client, uses_no_connection_again_on_which_a_request_timed_out) {
  const test::scripted_server server;
  EXPECT_EQ(answer(to(server.port())).status, 200);
  server.answer({{"status", 200}, {"mode", "silent"}});
  http_request short_one = to(server.port());
  short_one.timeout = 100ms;
  EXPECT_EQ(failure(short_one).fault, http_fault::timed_out);
  server.answer({{"status", 200}});
  EXPECT_FALSE(answer(to(server.port())).reused);
}

TEST_F(an_http_client, bounds_what_it_takes) {
  std::string many_headers;
  for (int i = 0; i < 20; ++i) many_headers += "x-filler: " + std::string(4000, 'x') + "\r\n";
  const struct {
    const char* what;
    std::string bytes;
    raw_server::afterwards then;
    http_fault fault;
  } rows[] = {
      {"a body without an end", "HTTP/1.1 200 OK\r\n\r\n" + std::string(4096, 'x'), raw_server::afterwards::repeat,
       http_fault::too_large},
      {"a body that is announced too large",
       "HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n" + std::string(70000, 'x'), raw_server::afterwards::wait,
       http_fault::too_large},
      {"more headers than allowed", "HTTP/1.1 200 OK\r\n" + many_headers, raw_server::afterwards::wait,
       http_fault::too_large},
      {"informational answers without an end", "HTTP/1.1 103 Early\r\nlink: " + std::string(1000, 'x') + "\r\n\r\n",
       raw_server::afterwards::repeat, http_fault::too_large},
  };
  for (const auto& row : rows) {
    raw_server server(context, row.bytes, row.then);
    EXPECT_EQ(failure(to(server.port())).fault, row.fault) << row.what;
  }
}

TEST_F(an_http_client, tells_how_far_it_came_where_the_time_runs_out) {
  const struct {
    std::string bytes;
    const char* message;
  } rows[] = {
      {"", "TCP accepted the connection, but no answer within 100 ms"},
      {"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel", "an answer began, but was not whole within 100 ms"},
  };
  for (const auto& row : rows) {
    raw_server server(context, row.bytes, raw_server::afterwards::wait);
    http_request request = to(server.port());
    request.timeout = 100ms;
    const http_failure failed = failure(request);
    EXPECT_EQ(failed.fault, http_fault::timed_out);
    EXPECT_TRUE(failed.connected);
    EXPECT_THAT(failed.message, HasSubstr(row.message));
  }
}

TEST_F(an_http_client, takes_no_informational_answer_for_the_answer) {
  raw_server hints(context, "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", raw_server::afterwards::wait);
  http_request request = to(hints.port());
  request.timeout = 300ms;
  const http_failure failed = failure(request);
  EXPECT_EQ(failed.fault, http_fault::timed_out);
  EXPECT_EQ(failed.status, 0);
  EXPECT_EQ(failed.first_byte, std::nullopt);
  EXPECT_THAT(failed.message, HasSubstr("an informational answer, but no answer within 300 ms"));

  raw_server both(context,
                  "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
                  raw_server::afterwards::wait);
  const http_response answered = answer(to(both.port()));
  EXPECT_EQ(answered.status, 200);
  EXPECT_EQ(answered.header("link"), std::nullopt);
  EXPECT_EQ(answered.body, "ok");
}

TEST_F(an_http_client, reads_an_answer_that_is_compressed_though_nobody_asked_for_that) {
  // printf ok | gzip --no-name
  const std::string compressed("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\xcf\x06\x00\x47\xdd\xdc\x79\x02\x00\x00\x00", 22);
  raw_server server(context, "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 22\r\n\r\n" + compressed,
                    raw_server::afterwards::wait);
  EXPECT_EQ(answer(to(server.port())).body, "ok");
}

TEST_F(an_http_client, asks_on_two_connections_at_most_where_each_ends_without_an_answer) {
  raw_server server(context, "", raw_server::afterwards::hang_up);
  EXPECT_EQ(failure(to(server.port())).fault, http_fault::broken);
  EXPECT_LE(server.accepted(), 2);
}

TEST_F(an_http_client, notices_a_gap_once_the_body_has_begun) {
  raw_server server(context, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel", raw_server::afterwards::wait);
  http_request request = to(server.port());
  request.max_gap = 100ms;
  EXPECT_EQ(failure(request).fault, http_fault::gap);
}

TEST_F(an_http_client, hands_out_the_body_in_pieces_until_it_is_enough) {
  raw_server server(context, "HTTP/1.1 200 OK\r\n\r\n" + std::string(4096, 'x'), raw_server::afterwards::repeat);
  std::size_t taken = 0;
  http_request request = to(server.port());
  request.on_body = [&](std::string_view piece) { return (taken += piece.size()) < 200'000; };
  const http_response response = answer(request);
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body.empty());
  EXPECT_GE(taken, 200'000u);
}

TEST_F(an_http_client, gives_the_headers_of_the_final_answer_and_its_trailers) {
  raw_server server(context,
                    "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n"
                    "HTTP/1.1 200 OK\r\nX-One:  a \r\nx-one: b\r\ntransfer-encoding: chunked\r\n\r\n"
                    "2\r\nhi\r\n0\r\nX-End: c\r\n\r\n",
                    raw_server::afterwards::wait);
  const http_response response = answer(to(server.port()));
  EXPECT_EQ(response.body, "hi");
  EXPECT_EQ(response.header("link"), std::nullopt);
  EXPECT_EQ(response.header("x-one"), "b");
  EXPECT_EQ(response.header("x-end"), "c");
}

TEST_F(an_http_client, follows_no_redirect) {
  const test::scripted_server server;
  server.answer({{"status", 302}, {"headers", {{"location", "/elsewhere"}}}});
  EXPECT_EQ(answer(to(server.port())).status, 302);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(an_http_client, does_not_ask_where_it_cannot) {
  for (const char* address : {"", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http://nobody.invalid/"}) {
    http_request request;
    request.url = address;
    EXPECT_EQ(failure(request).fault, http_fault::could_not_ask) << address;
  }
  http_request smuggled = to("1");
  smuggled.headers = {"x: y\r\nz: w"};
  EXPECT_EQ(failure(smuggled).fault, http_fault::could_not_ask);
}

TEST_F(an_http_client, is_cancelled_at_once_and_works_on) {
  using namespace asio::experimental::awaitable_operators;
  raw_server silent(context, "", raw_server::afterwards::wait);
  const auto race = [](http_client& client, http_request request) -> asio::awaitable<bool> {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, 50ms);
    auto both = client.send(std::move(request)) || timer.async_wait(asio::use_awaitable);
    const auto first = co_await std::move(both);
    co_return std::holds_alternative<std::monostate>(first);  // || has flattened http_result
  };
  EXPECT_TRUE(test::run_coroutine(context, race(*http, to(silent.port()))));
  const test::scripted_server server;
  EXPECT_EQ(answer(to(server.port())).status, 200);
}

asio::awaitable<void> ask_and_count(http_client& client, http_request request, std::shared_ptr<int> answers) {
  auto sending = client.send(std::move(request));
  const http_result result = co_await std::move(sending);
  ++*answers;
}

TEST_F(an_http_client, may_end_at_any_moment_before_the_loop_or_with_it) {
  raw_server silent(context, "", raw_server::afterwards::wait);
  for (int steps = 0; steps < 20; ++steps) {
    auto own_context = std::make_unique<asio::io_context>(1);
    auto client = std::make_unique<http_client>(*own_context);
    const auto answers = std::make_shared<int>(0);
    asio::co_spawn(*own_context, ask_and_count(*client, to(silent.port()), answers), asio::detached);
    asio::co_spawn(*own_context, ask_and_count(*client, to("1"), answers), asio::detached);  // is refused
    for (int i = 0; i < steps; ++i) own_context->run_one_for(5ms);
    client.reset();
    own_context.reset();
    EXPECT_EQ(answers.use_count(), 1) << "a coroutine was not destroyed, after " << steps << " steps";
  }
}

TEST_F(an_http_client, leaks_no_descriptor) {
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const test::scripted_server server;
  http_request fresh = to(server.port());
  fresh.fresh = true;
  answer(fresh);
  answer(to(server.port()));
  const auto before = descriptors();
  for (int i = 0; i < 100; ++i) {
    answer(fresh);
    answer(to(server.port()));
    test::run_coroutine(context, http->dial("127.0.0.1", static_cast<std::uint16_t>(std::stoi(server.port())), 1s));
    failure(to("1"));
  }
  EXPECT_EQ(descriptors(), before);
}

}  // namespace
}  // namespace podmedic
