#include "test/integration/probes/a_probe.hpp"
#include "test/support/model_server.hpp"

#include <gmock/gmock.h>

namespace podmedic::probes {
namespace {

using testing::StartsWith;

class tcp_socket_probe : public a_probe {};

TEST_F(tcp_socket_probe, connects_by_address_and_by_name) {
  const test::model_server server;
  EXPECT_EQ(ask_once("{tcpSocket: {port: " + server.port() + "}}"), "Pass: connected");
  EXPECT_EQ(ask_once("{tcpSocket: {port: " + server.port() + ", host: localhost}}"), "Pass: connected");
}

TEST_F(tcp_socket_probe, cannot_see_that_a_server_is_stopped) {
  const test::model_server server;
  server.stop_by_signal();
  EXPECT_EQ(ask_once("{tcpSocket: {port: " + server.port() + "}}"), "Pass: connected");
}

TEST_F(tcp_socket_probe, is_refused_where_nobody_listens) {
  test::model_server server;
  server.end(SIGKILL);
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    EXPECT_EQ(ask_once("{tcpSocket: {port: " + server.port() + ", host: " + host + "}}"),
              "Fail ConnectionRefused (answered no): TCP connection to " + host + ":" + server.port() +
                  ": connection refused");
  }
}

TEST_F(tcp_socket_probe, knows_nothing_where_the_name_is_not_resolved) {
  EXPECT_THAT(ask_once("{tcpSocket: {port: 80, host: nobody.invalid}}", 1s), StartsWith("Unknown CouldNotAsk: "));
}

}  // namespace
}  // namespace podmedic::probes
