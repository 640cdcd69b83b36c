#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/tcp_connections.hpp"
#include "hooks/kinds.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace podmedic::hooks {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr milliseconds longest_attempt = 5s;  // so that a request that hangs is asked again

/// A condition is a hook that is run again and again: it works when the condition holds.
class file_is_there final : public hook {
 public:
  explicit file_is_there(std::string path) : path_(std::move(path)) {}
  asio::awaitable<std::optional<std::string>> run(milliseconds) override {
    if (::access(path_.c_str(), F_OK) == 0) co_return std::nullopt;
    co_return errno_text("file", path_, errno);
  }

 private:
  std::string path_;
};

class no_connections final : public hook {
 public:
  explicit no_connections(std::vector<std::uint16_t> ports) : ports_(std::move(ports)) {}
  asio::awaitable<std::optional<std::string>> run(milliseconds) override {
    const auto counted = count_established(ports_, own_socket_inodes());
    if (const auto* error = std::get_if<file_error>(&counted)) co_return error->message;
    const std::size_t count = std::get<std::size_t>(counted);
    if (count == 0) co_return std::nullopt;
    co_return std::to_string(count) + (count == 1 ? " connection is" : " connections are") + " established";
  }

 private:
  std::vector<std::uint16_t> ports_;
};

class wait_for_hook final : public hook {
 public:
  wait_for_hook(std::string target, std::unique_ptr<hook> condition, milliseconds interval)
      : target_(std::move(target)), condition_(std::move(condition)), interval_(interval) {}

  asio::awaitable<std::optional<std::string>> run(milliseconds timeout) override {
    const instant deadline = boot_now() + timeout;
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    std::string missing = "it was not asked";
    for (milliseconds left = timeout; left > 0ms; left = deadline - boot_now()) {
      const milliseconds attempt = std::min(left, std::max(interval_, longest_attempt));
      std::optional<std::string> why_not = co_await condition_->run(attempt);
      if (!why_not) co_return std::nullopt;
      missing = std::move(*why_not);
      timer.expires_after(std::clamp(deadline - boot_now(), 0ms, interval_));
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return target_ + ": not within " + to_text(timeout) + ": " + missing;
  }

 private:
  std::string target_;
  std::unique_ptr<hook> condition_;
  milliseconds interval_;
};

spec read_file_condition(fields& own) {
  const std::string path = own.required_text("file");
  if (!path.empty() && path[0] != '/') own.complain("file", "expected an absolute path");
  return {.target = "file " + path, .make = [path](const surroundings&) -> std::unique_ptr<hook> {
            return std::make_unique<file_is_there>(path);
          }};
}

spec read_no_connections(fields& own) {
  const std::vector<std::uint16_t> ports = own.ports("ports");
  if (ports.empty() && !own.failed()) own.complain("ports", "expected at least one port");
  own.finish();
  std::string target = "no connections to port";
  for (const std::uint16_t port : ports) target += " " + std::to_string(port);
  return {.target = target, .make = [ports](const surroundings&) -> std::unique_ptr<hook> {
            return std::make_unique<no_connections>(ports);
          }};
}

/// The one condition that is given.
spec read_condition(fields& own) {
  constexpr std::array<std::string_view, 4> names{"http", "exec", "file", "noConnections"};
  const auto given = std::count_if(names.begin(), names.end(), [&](std::string_view name) { return own.has(name); });
  if (given != 1) {
    own.complain("", "expected exactly one of http, exec, file and noConnections");
    return {};
  }
  if (own.has("file")) return read_file_condition(own);
  if (auto http = own.object("http")) return read_http(*http, "GET");
  if (auto exec = own.object("exec")) return read_exec(*exec);
  if (auto connections = own.object("noConnections")) return read_no_connections(*connections);
  return {};
}

}  // namespace

spec read_wait_for(fields& own) {
  const spec condition = read_condition(own);
  const milliseconds interval = own.seconds("intervalSeconds", 1s, 100ms, 600s);
  own.finish();
  if (own.failed()) return {};

  spec read;
  read.target = "wait for " + condition.target;
  read.make = [condition, interval, target = read.target](const surroundings& around) -> std::unique_ptr<hook> {
    return std::make_unique<wait_for_hook>(target, condition.make(around), interval);
  };
  return read;
}

}  // namespace podmedic::hooks
