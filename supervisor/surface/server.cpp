#include "supervisor/surface/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <array>

namespace podmedic::surface {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t most_request_bytes = 16 * 1024;
constexpr int most_connections = 32;
constexpr auto request_time = std::chrono::seconds(5);
constexpr auto token = asio::as_tuple(asio::use_awaitable);

}  // namespace

class server::listeners {
 public:
  listeners(asio::io_context& context, responder answer) : context_(context), answer_(std::move(answer)) {}

  template <class Protocol>
  std::optional<std::string> listen(const typename Protocol::endpoint& at, const std::string& name, bool may_act) {
    error_code error;
    auto acceptor = std::make_shared<asio::basic_socket_acceptor<Protocol>>(context_);
    const auto failed = [&](const char* what) {
      return std::optional<std::string>(std::string(what) + " " + name + ": " + error.message());
    };
    acceptor->open(at.protocol(), error);
    if (error) return failed("open");
    if constexpr (std::is_same_v<Protocol, asio::ip::tcp>) acceptor->set_option(asio::socket_base::reuse_address(true), error);
    acceptor->bind(at, error);
    if (error) return failed("bind");
    acceptor->listen(asio::socket_base::max_listen_connections, error);
    if (error) return failed("listen on");
    if constexpr (std::is_same_v<Protocol, asio::ip::tcp>) port_ = acceptor->local_endpoint().port();
    asio::co_spawn(context_, accept<Protocol>(std::move(acceptor), may_act), asio::detached);
    return std::nullopt;
  }

  std::uint16_t port() const { return port_; }

 private:
  template <class Protocol>
  asio::awaitable<void> accept(std::shared_ptr<asio::basic_socket_acceptor<Protocol>> acceptor, bool may_act) {
    for (;;) {
      auto [error, socket] = co_await acceptor->async_accept(token);
      if (error == asio::error::operation_aborted) co_return;
      if (error) {  // out of descriptors, most likely: come back later instead of spinning
        asio::steady_timer pause(context_, std::chrono::milliseconds(100));
        co_await pause.async_wait(token);
        continue;
      }
      if (connections_ >= most_connections) continue;  // closes it
      asio::co_spawn(context_, converse<Protocol>(std::move(socket), may_act), asio::detached);
    }
  }

  template <class Protocol>
  asio::awaitable<void> converse(asio::basic_stream_socket<Protocol> socket, bool may_act) {
    const struct counted {
      explicit counted(int& n) : connections(n) { ++connections; }
      ~counted() { --connections; }
      int& connections;
    } one(connections_);
    beast::basic_stream<Protocol> stream(std::move(socket));
    beast::flat_buffer buffer(most_request_bytes);
    for (bool more = true; more;) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(most_request_bytes);
      stream.expires_after(request_time);
      auto [read_error, read] = co_await http::async_read(stream, buffer, parser, token);
      if (read_error) co_return;
      const auto& request = parser.get();
      const auto target = request.target();
      question asked{std::string(request.method_string()), std::string(target.substr(0, target.find('?'))), request.body(),
                     may_act};
      page given = answer_(asked);
      http::response<http::string_body> response(static_cast<http::status>(given.status), request.version());
      response.set(http::field::content_type, given.content_type);
      response.set(http::field::cache_control, "no-store");
      response.keep_alive(request.keep_alive());
      response.body() = std::move(given.body);
      response.prepare_payload();
      more = response.keep_alive();
      stream.expires_after(request_time);
      auto [write_error, written] = co_await http::async_write(stream, response, token);
      if (write_error) co_return;
    }
  }

  asio::io_context& context_;
  responder answer_;
  int connections_ = 0;
  std::uint16_t port_ = 0;
};

server::server(asio::io_context& context, responder answer)
    : listeners_(std::make_unique<listeners>(context, std::move(answer))) {}
server::~server() = default;

std::optional<std::string> server::listen_tcp(const std::string& address, std::uint16_t port) {
  error_code error;
  const auto parsed = asio::ip::make_address(address, error);
  if (error) return address + " is no IP address";
  return listeners_->listen<asio::ip::tcp>({parsed, port}, address + ":" + std::to_string(port), false);
}

std::optional<std::string> server::listen_unix(const std::string& path) {
  using protocol = asio::local::stream_protocol;
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return path + " is too long for a socket (unix(7): 107 bytes)";
  ::unlink(path.c_str());
  const mode_t before = ::umask(0177);
  auto error = listeners_->listen<protocol>(protocol::endpoint(path), path, true);
  ::umask(before);
  return error;
}

std::optional<std::string> server::listen_abstract(const std::string& name) {
  using protocol = asio::local::stream_protocol;
  return listeners_->listen<protocol>(protocol::endpoint(std::string(1, '\0') + name), "@" + name, false);
}

std::uint16_t server::port() const {
  return listeners_->port();
}

std::string abstract_name(const std::string& state_directory) {
  struct stat pid_namespace {};
  ::stat("/proc/self/ns/pid", &pid_namespace);
  const std::string tail = state_directory.size() > 60 ? state_directory.substr(state_directory.size() - 60) : state_directory;
  return "podmedic:" + std::to_string(pid_namespace.st_ino) + ":" + tail;
}

}  // namespace podmedic::surface
