#include "base/http_client.hpp"
#include "base/own_addresses.hpp"
#include "base/url.hpp"
#include "probes/network_verdict.hpp"
#include "probes/registry.hpp"
#include "probes/target_host.hpp"

namespace podmedic::probes {

namespace {

class tcp_socket_probe final : public probe {
 public:
  tcp_socket_probe(http_client& client, std::string host, std::uint16_t port)
      : client_(client), host_(std::move(host)), port_(port) {}

  boost::asio::awaitable<verdict> check(milliseconds timeout) override {
    const std::optional<http_failure> failed = co_await client_.dial(host_, port_, timeout);
    if (failed) {
      co_return verdict_of(*failed, "ConnectTimedOut");
    }
    co_return pass{"connected"};
  }

 private:
  http_client& client_;
  const std::string host_;
  const std::uint16_t port_;
};

}  // namespace

/// tcpSocket: {port, host}: docs/probes/tcpSocket.md.
spec read_tcp_socket(fields& own) {
  const std::uint16_t port = own.required_port("port");
  const std::string host = read_host(own);
  own.finish();
  return {.target = "tcpSocket " + host_and_port(host, port),
          .local = is_own_address(host),
          .make = [host, port](const surroundings& around) -> std::unique_ptr<probe> {
            return std::make_unique<tcp_socket_probe>(around.http, host, port);
          }};
}

}  // namespace podmedic::probes
