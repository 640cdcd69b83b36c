#include "supervisor/surface/server.hpp"

#include "supervisor/surface/start_page.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace podmedic::surface {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using protocol = asio::generic::stream_protocol;  // TCP and unix sockets by the same code
using request_parser = http::request_parser<http::string_body>;

namespace {

constexpr std::size_t most_request_bytes = 16 * 1024;
constexpr int most_connections = 32;
constexpr auto request_time = std::chrono::seconds(5);

/// SO_PEERCRED (unix(7)): as of the connect, and in this process's PID namespace (pid 0: in another).
std::string peer_of(protocol::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "uid unknown";
  return "uid " + std::to_string(peer.uid) + (peer.pid > 0 ? ", pid " + std::to_string(peer.pid) : "");
}

/// Whether nobody reads an answer any more.
bool has_hung_up(protocol::socket& socket) {
  pollfd peer{.fd = socket.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&peer, 1, 0) > 0 && (peer.revents & (POLLHUP | POLLERR)) != 0;
}

std::string head_of(const page& given, bool more) {
  std::string head = "HTTP/1.1 " + std::to_string(given.status) + " ";
  head += http::obsolete_reason(static_cast<http::status>(given.status));
  head += "\r\nContent-Type: " + given.content_type;
  head += "\r\nCache-Control: no-store\r\nContent-Length: " + std::to_string(given.body.size());
  head += "\r\nX-Content-Type-Options: nosniff\r\nContent-Security-Policy: ";
  head += content_security_policy();
  if (!more) head += "\r\nConnection: close";
  return head + "\r\n\r\n";
}

constexpr auto token = asio::as_tuple(asio::use_awaitable);

/// Reads one request; `unread` is what came after the last one. False: none came whole, or it is not HTTP.
asio::awaitable<bool> read(protocol::socket& from, std::string& unread, request_parser& request) {
  request.body_limit(most_request_bytes);
  request.eager(true);
  std::array<char, 2048> piece;
  for (;;) {
    if (!unread.empty()) {
      error_code error;
      unread.erase(0, request.put(asio::buffer(unread), error));
      if (request.is_done()) co_return true;
      if (error && error != http::error::need_more) co_return false;
    }
    auto [error, size] = co_await from.async_read_some(asio::buffer(piece), token);
    if (error || unread.size() + size > most_request_bytes) co_return false;
    unread.append(piece.data(), size);
  }
}

}  // namespace

class server::listeners {
 public:
  listeners(asio::io_context& context, responder answer) : context_(context), answer_(std::move(answer)) {}

  std::optional<std::string> listen(const protocol::endpoint& at, const std::string& name, bool may_act) {
    error_code error;
    auto acceptor = std::make_shared<acceptor_type>(context_);
    const auto failed = [&](const char* what) {
      return std::optional<std::string>(std::string(what) + " " + name + ": " + error.message());
    };
    const bool local = at.protocol().family() == AF_UNIX;
    acceptor->open(at.protocol(), error);
    if (error) return failed("open");
    if (!local) acceptor->set_option(asio::socket_base::reuse_address(true), error);
    acceptor->bind(at, error);
    if (error) return failed("bind");
    acceptor->listen(asio::socket_base::max_listen_connections, error);
    if (error) return failed("listen on");
    if (!local) {
      const protocol::endpoint bound = acceptor->local_endpoint();
      asio::ip::tcp::endpoint tcp;
      std::memcpy(tcp.data(), bound.data(), bound.size());
      port_ = tcp.port();
    }
    asio::co_spawn(context_, accept(std::move(acceptor), local, may_act), asio::detached);
    return std::nullopt;
  }

  std::uint16_t port() const { return port_; }

 private:
  using acceptor_type = asio::basic_socket_acceptor<protocol>;

  asio::awaitable<void> accept(std::shared_ptr<acceptor_type> acceptor, bool local, bool may_act) {
    for (;;) {
      auto [error, socket] = co_await acceptor->async_accept(token);
      if (error == asio::error::operation_aborted) co_return;
      if (error) {  // out of descriptors, most likely: come back later instead of spinning
        asio::steady_timer pause(context_, std::chrono::milliseconds(100));
        co_await pause.async_wait(token);
        continue;
      }
      if (connections_ >= most_connections) continue;  // closes it
      const std::string by = local ? peer_of(socket) : "";
      auto stream = std::make_shared<protocol::socket>(std::move(socket));
      asio::co_spawn(context_, converse(std::move(stream), by, may_act), asio::detached);
    }
  }

  asio::awaitable<void> converse(std::shared_ptr<protocol::socket> stream, std::string by, bool may_act) {
    const struct counted {
      explicit counted(int& n) : connections(n) { ++connections; }
      ~counted() { --connections; }
      int& connections;
    } one(connections_);
    asio::steady_timer deadline(context_);
    const auto begin_deadline = [&deadline, weak = std::weak_ptr(stream)] {
      deadline.expires_after(request_time);
      deadline.async_wait([weak](error_code cancelled) {
        const auto late = weak.lock();
        if (!cancelled && late) late->close(cancelled);
      });
    };
    std::string unread;
    for (bool more = true; more;) {
      begin_deadline();
      request_parser parser;
      const bool whole = co_await read(*stream, unread, parser);
      if (!whole) co_return;
      const auto& request = parser.get();
      const auto target = request.target();
      const question asked{.method = std::string(request.method_string()),
                           .path = std::string(target.substr(0, target.find('?'))),
                           .body = request.body(),
                           .may_act = may_act,
                           .abandoned = has_hung_up(*stream),
                           .by = by};
      const page given = answer_(asked);
      more = request.keep_alive() && request.version() == 11;
      const std::string head = head_of(given, more);
      begin_deadline();
      const std::array<asio::const_buffer, 2> whole_answer{asio::buffer(head), asio::buffer(given.body)};
      auto [write_error, written] = co_await asio::async_write(*stream, whole_answer, token);
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
  return listeners_->listen(asio::ip::tcp::endpoint(parsed, port), address + ":" + std::to_string(port), false);
}

std::optional<std::string> server::listen_unix(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return path + " is too long for a socket (unix(7): 107 bytes)";
  ::unlink(path.c_str());
  const mode_t before = ::umask(0177);
  auto error = listeners_->listen(asio::local::stream_protocol::endpoint(path), path, true);
  ::umask(before);
  return error;
}

std::optional<std::string> server::listen_abstract(const std::string& name) {
  return listeners_->listen(asio::local::stream_protocol::endpoint(std::string(1, '\0') + name), "@" + name, false);
}

std::uint16_t server::port() const {
  return listeners_->port();
}

std::string abstract_name(const std::string& state_directory) {
  struct stat pid_namespace{};
  ::stat("/proc/self/ns/pid", &pid_namespace);
  const std::string tail =
      state_directory.size() > 60 ? state_directory.substr(state_directory.size() - 60) : state_directory;
  return "podmedic:" + std::to_string(pid_namespace.st_ino) + ":" + tail;
}

}  // namespace podmedic::surface
