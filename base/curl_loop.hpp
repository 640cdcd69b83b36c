#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <curl/curl.h>

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace podmedic {

struct easy_deleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using easy_handle = std::unique_ptr<CURL, easy_deleter>;

/// libcurl's multi interface (libcurl-multi(3), "multi_socket") on Asio's loop. Only base/http_client.cpp uses it.
///
/// Two rules of libcurl shape it: a callback must not call back into libcurl (so the timer callback only arms a timer,
/// and finish() must not be called from a transfer's callbacks), and libcurl owns its sockets (so a descriptor is
/// watched until CURL_POLL_REMOVE, then released, never closed).
class curl_loop : public std::enable_shared_from_this<curl_loop> {
 public:
  using completion = std::function<void(CURLcode)>;

  explicit curl_loop(boost::asio::io_context& context);
  ~curl_loop();
  curl_loop(const curl_loop&) = delete;
  curl_loop& operator=(const curl_loop&) = delete;

  /// A handle with all options at their defaults, from a small free list.
  easy_handle take();
  void put_back(easy_handle easy);

  /// Starts the transfer. `done` is called once, from the loop, after the handle has left libcurl's hands; its
  /// connection is dropped unless the code is CURLE_OK. The handle stays the caller's, and alive until then.
  void start(CURL* easy, completion done);
  /// Ends a transfer before its time, drops its connection, and calls `done`. Nothing happens if it is not under way.
  void finish(CURL* easy, CURLcode code);
  /// As finish(), without calling `done`.
  void forget(CURL* easy);
  /// Ends everything without calling any completion; only put_back() may follow.
  void close();

  boost::asio::io_context& context() { return context_; }

 private:
  struct watched;
  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*);
  static int on_timer(CURLM*, long timeout_ms, void* self);
  void watch(curl_socket_t fd, int what);
  void arm(const std::shared_ptr<watched>& socket);
  void ready(const std::shared_ptr<watched>& socket, int event);
  void set_timer(long timeout_ms);
  void act(curl_socket_t fd, int events);
  completion remove(CURL* easy);

  boost::asio::io_context& context_;
  boost::asio::steady_timer timer_;
  CURLM* multi_;  ///< null once closed
  std::unordered_map<curl_socket_t, std::shared_ptr<watched>> sockets_;
  std::unordered_map<CURL*, completion> under_way_;
  std::vector<easy_handle> free_;
};

}  // namespace podmedic
