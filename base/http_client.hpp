#pragma once
#include "base/time.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace podmedic {

class curl_loop;

/// Files and names of TLS. The server's certificate is always verified.
struct tls_options {
  std::string ca_file;           ///< PEM; empty: the system's bundle
  std::string certificate_file;  ///< PEM of the client's certificate (mTLS), with key_file; read anew at each dial
  std::string key_file;
  std::string server_name;  ///< expected in the certificate, sent as SNI and Host; empty: the host of the URL
};

struct http_response;

/// One request. Everything in it is bounded: an answer can neither last longer nor grow larger than it says.
struct http_request {
  std::string method = "GET";
  std::string url;                   ///< http: or https:
  std::vector<std::string> headers;  ///< "name: value"
  std::string body;
  bool http2_prior_knowledge = false;      ///< HTTP/2 without upgrade, as gRPC speaks it; over https by ALPN
  bool fresh = false;                      ///< dial anew, and do not keep the connection
  milliseconds timeout{1000};              ///< for all of it: name, dial, TLS, answer
  std::optional<milliseconds> max_gap;     ///< longest silence once the answer's body has begun
  std::size_t max_body_bytes = 64 * 1024;  ///< a longer body is a failure (too_large), unless on_body is set
  /// Takes the body in pieces, instead of http_response::body; false ends the answer there, as if it were whole.
  std::function<bool(std::string_view)> on_body;
  /// Whether a piece of the body ends a silence (max_gap), by what it says; empty: any does. The head has come.
  std::function<bool(std::string_view, const http_response& head)> ends_gap;
  tls_options tls;
};

struct http_response {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case; trailers too, in order
  std::string body;
  milliseconds first_byte{0};  ///< from the start to the answer's first byte
  bool reused = false;         ///< came over a connection that was held

  /// The last header or trailer of that (lower-case) name, or nothing.
  std::optional<std::string_view> header(std::string_view name) const;
  /// Retry-After (RFC 9110, 10.2.3), at most ten minutes; zero where it is given in another form than whole seconds.
  std::optional<milliseconds> retry_after() const;
};

/// Why there was no answer.
enum class http_fault {
  could_not_ask,      ///< the URL, name resolution, an unreadable CA or client certificate, no local port
  refused,            ///< connection refused: nobody listens
  timed_out,          ///< no (whole) answer within the timeout
  gap,                ///< the body began, then nothing for max_gap
  broken,             ///< the connection ended or spoke nonsense in the middle
  untrusted,          ///< TLS: certificate not accepted, handshake refused
  too_large,          ///< the body, or more than 64 KiB of headers and trailers
  wrong_protocol,     ///< something is there that speaks another protocol than was asked in
  told_to_calm_down,  ///< HTTP/2's ENHANCE_YOUR_CALM (RFC 9113, 7)
};
struct http_failure {
  http_fault fault;
  std::string message;                       ///< what was tried, on what, what happened
  bool connected = false;                    ///< TCP had accepted the connection
  int status = 0;                            ///< of the answer that began and was not whole; 0 where none began
  std::optional<milliseconds> first_byte{};  ///< as http_response::first_byte, where an answer began
};
using http_result = std::variant<http_response, http_failure>;

/// HTTP/1.1 and HTTP/2 by libcurl's multi interface on Asio's loop: one thread, no resolver thread (c-ares), nothing
/// that blocks. Connections are held between requests to the same place; a held connection that turns out dead before
/// the answer began is dialled again once within the same deadline, and after any failure the connection is dropped.
/// Follows no redirects, uses no proxy, keeps no cookies, reads no .netrc.
class http_client {
 public:
  explicit http_client(boost::asio::io_context& context);
  /// Gives up what is under way: the coroutines that wait for it are destroyed, not resumed.
  ~http_client();
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  /// Never throws for what the other side does. When the awaiting coroutine is cancelled or destroyed, the transfer is
  /// given up. on_body runs inside libcurl and must not call send(). Beside ||, name the result's alternatives by type:
  /// awaitable_operators flatten the variant, so that its indices shift.
  boost::asio::awaitable<http_result> send(http_request request);

  /// Dials host (IP literal or name, by c-ares) and port, and hangs up; for tcpSocket.
  boost::asio::awaitable<std::optional<http_failure>> dial(std::string host, std::uint16_t port, milliseconds timeout);

 private:
  // libcurl 8.14.1 answers a plain http: request over a held TLS connection to the same place: so they are held apart.
  std::shared_ptr<curl_loop> plain_;
  std::shared_ptr<curl_loop> tls_;
};

}  // namespace podmedic
