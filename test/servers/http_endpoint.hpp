#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

/// A listening TCP socket. Port 0 takes any free one.
class listener {
 public:
  /// Exits with 1 and a message where that is impossible.
  listener(const std::string& address, std::uint16_t port);
  ~listener() { close(); }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;
  std::uint16_t port() const { return port_; }
  int fd() const { return fd_; }
  /// From now on connections are refused; a thread that waits in accept(2) returns.
  void close();

 private:
  std::atomic<int> fd_;
  std::uint16_t port_ = 0;
};

/// HTTP/1.1 by a thread a connection:
///   GET /health                   200, or 503 while it is not ready
///   GET /status/CODE              that status
///   GET /delay/MS                 200 after that time
///   GET /stream/CHUNKS/GAP_MS     so many chunks, so far apart
///   GET /requests                 the request lines so far
///   anything else                 200; what is not GET is announced on standard output as a hook
/// Every request line but those for /requests and /health is recorded. Runs until the process ends.
class http_endpoint {
 public:
  http_endpoint(std::string record_file, std::function<bool()> is_ready)
      : record_file_(std::move(record_file)), is_ready_(std::move(is_ready)) {}

  /// Accepts in a thread of its own until the listener is closed. Both must live as long as the process.
  void start(listener& from);

 private:
  void answer_all(int fd);
  bool answer_one(int fd, std::string& buffered);
  bool answer(int fd, const std::string& method, const std::string& path);
  void record(const std::string& line);
  std::string requests();

  const std::string record_file_;
  const std::function<bool()> is_ready_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
};
