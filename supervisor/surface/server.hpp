#pragma once
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace podmedic::surface {

struct question {
  std::string method;
  std::string path;
  std::string body;
  bool may_act = false;  ///< came through the unix socket in the state volume
  bool abandoned = false;  ///< the asker has hung up meanwhile
  std::string by = {};   ///< the process that asks, as the kernel knows it: "uid 0, pid 17"; of unix sockets alone
};
struct page {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// Serves pages over HTTP/1.1: read-only over TCP, and over unix sockets for the commands inside the Pod. Requests are
/// bounded (16 KiB, 5 s), connections too (32 at once).
class server {
 public:
  using responder = std::function<page(const question&)>;
  server(boost::asio::io_context& context, responder answer);
  ~server();

  /// Each returns an error text, or nothing when it listens. The server stays usable after an error.
  std::optional<std::string> listen_tcp(const std::string& address, std::uint16_t port);
  /// A socket file of mode 0600, in place of what a former life left there; requests through it may act.
  std::optional<std::string> listen_unix(const std::string& path);
  /// A name in the network namespace's abstract space (unix(7)), for where the state directory cannot be written;
  /// requests through it may not act.
  std::optional<std::string> listen_abstract(const std::string& name);
  /// The TCP port; 0 while there is none.
  std::uint16_t port() const;

 private:
  class listeners;
  std::unique_ptr<listeners> listeners_;
};

/// The name for listen_abstract() that podmedic in the same PID namespace and with the same state directory uses.
std::string abstract_name(const std::string& state_directory);

}  // namespace podmedic::surface
