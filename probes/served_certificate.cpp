#include "probes/served_certificate.hpp"

#include "base/clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <sstream>

namespace podmedic::probes {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

struct handshake {
  explicit handshake(const asio::any_io_executor& executor)
      : context(asio::ssl::context::tls_client), stream(executor, context) {}

  bool given_up = false;
  asio::ssl::context context;
  asio::ssl::stream<asio::ip::tcp::socket> stream;
};

}  // namespace

asio::awaitable<std::variant<certificate, std::string>> served_certificate(asio::ip::tcp::endpoint server,
                                                                           std::string server_name,
                                                                           milliseconds timeout) {
  const auto executor = co_await asio::this_coro::executor;
  const auto under_way = std::make_shared<handshake>(executor);
  auto& stream = under_way->stream;
  stream.set_verify_mode(asio::ssl::verify_none);
  ::SSL_CTX_set_session_cache_mode(under_way->context.native_handle(), SSL_SESS_CACHE_OFF);
  if (!server_name.empty()) SSL_set_tlsext_host_name(stream.native_handle(), server_name.c_str());

  asio::steady_timer deadline(executor, timeout);
  deadline.async_wait([weak = std::weak_ptr(under_way)](error_code cancelled) {
    const auto late = weak.lock();
    if (cancelled || !late) return;
    late->given_up = true;
    error_code ignored;
    late->stream.next_layer().close(ignored);
  });

  auto connecting = stream.next_layer().async_connect(server, asio::as_tuple(asio::use_awaitable));
  auto [failed] = co_await std::move(connecting);
  if (!failed) {
    auto shaking = stream.async_handshake(asio::ssl::stream_base::client, asio::as_tuple(asio::use_awaitable));
    std::tie(failed) = co_await std::move(shaking);
  }
  deadline.cancel();
  // The server's certificate comes before it may ask for the client's, and refuse that there is none.
  if (x509_st* shown = ::SSL_get0_peer_certificate(stream.native_handle())) co_return certificate::of(shown);
  std::ostringstream where;
  where << "TLS with " << server << ": ";
  if (under_way->given_up) co_return where.str() + "no certificate within " + to_text(timeout);
  co_return where.str() + (failed ? failed.message() : "no certificate");
}

}  // namespace podmedic::probes
