#include "base/clock.hpp"
#include "base/http_client.hpp"
#include "base/http_fields.hpp"
#include "base/own_addresses.hpp"
#include "base/url.hpp"
#include "probes/grpc_message.hpp"
#include "probes/grpc_verdict.hpp"
#include "probes/registry.hpp"
#include "probes/target_host.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>

namespace podmedic::probes {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

struct canary_call {
  std::string method;   ///< "/package.Service/Method"
  std::string request;  ///< the message's bytes
  std::optional<milliseconds> timeout;
};

struct grpc_target {
  std::string address;  ///< "http://127.0.0.1:8001"
  std::string service;
  tls_options tls;
  bool health_check = true;
  std::optional<canary_call> canary;

  http_request call(const std::string& method, std::string_view message, milliseconds timeout) const {
    http_request request;
    request.method = "POST";
    request.url = address + method;
    request.headers = {"content-type: application/grpc", "te: trailers",
                       "grpc-timeout: " + std::to_string(timeout.count()) + "m"};
    request.body = grpc::framed(message);
    request.http2_prior_knowledge = true;
    request.timeout = timeout;
    request.tls = tls;
    return request;
  }
};

/// One health check on two channels. Each side writes its own answer, and looks for the other's.
struct examination {
  examination(const asio::any_io_executor& executor, milliseconds within, milliseconds fresh_after)
      : timeout(within), deadline(steady::now() + within), fresh_start(executor, steady::now() + fresh_after) {}
  milliseconds timeout;
  steady::time_point deadline;
  asio::steady_timer fresh_start;
  std::optional<http_result> held;
  std::optional<http_result> fresh;
  bool fresh_ended = false;
};

milliseconds until(steady::time_point deadline) {
  return std::chrono::ceil<milliseconds>(deadline - steady::now());
}

/// Waits until it is cancelled: by the end of the other side.
asio::awaitable<void> wait_for_the_other() {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer never(executor, steady::time_point::max());
  co_await never.async_wait(asio::use_awaitable);
}

class grpc_probe final : public probe {
 public:
  grpc_probe(http_client& client, grpc_target target) : client_(client), target_(std::move(target)) {}

  asio::awaitable<verdict> check(milliseconds timeout) override {
    const auto deadline = steady::now() + timeout;
    verdict found = pass{};
    if (target_.health_check) {
      auto asking = check_health(timeout);
      found = co_await std::move(asking);
    }
    if (target_.canary && std::holds_alternative<pass>(found)) {
      auto asking = call_canary(*target_.canary, until(deadline));
      found = co_await std::move(asking);
    }
    last_passed_ = std::holds_alternative<pass>(found);
    co_return found;
  }

 private:
  asio::awaitable<verdict> check_health(milliseconds timeout) {
    using namespace asio::experimental::awaitable_operators;
    const auto executor = co_await asio::this_coro::executor;
    examination both(executor, timeout, last_passed_ ? timeout / 2 : 0ms);
    // The first side that returns has the last answer that is needed, and ends the other one.
    auto sides = ask_held(both) || ask_fresh(both);
    co_await std::move(sides);
    const http_result& held = *both.held;
    if (both.fresh && grpc::is_open(held)) {
      co_return grpc::judge_both(std::get<http_failure>(held), *both.fresh, timeout);
    }
    co_return grpc::judge_health(held);
  }

  asio::awaitable<void> ask_held(examination& both) {
    auto asking = client_.send(health_call(both.timeout));
    both.held = co_await std::move(asking);
    if (!both.fresh_ended && grpc::is_open(*both.held)) {
      both.fresh_start.expires_at(steady::time_point::min());  // now, if it has not begun
      auto waiting = wait_for_the_other();
      co_await std::move(waiting);
    }
  }

  asio::awaitable<void> ask_fresh(examination& both) {
    co_await both.fresh_start.async_wait(asio::as_tuple(asio::use_awaitable));
    const milliseconds left = until(both.deadline);
    if (left > 0ms) {
      http_request request = health_call(left);
      request.fresh = true;
      auto asking = client_.send(std::move(request));
      both.fresh = co_await std::move(asking);
    }
    both.fresh_ended = true;
    if (!both.held) {
      auto waiting = wait_for_the_other();
      co_await std::move(waiting);
    }
  }

  asio::awaitable<verdict> call_canary(const canary_call& canary, milliseconds left) {
    const milliseconds timeout = std::max(1ms, std::min(left, canary.timeout.value_or(left)));
    http_request request = target_.call(canary.method, canary.request, timeout);
    request.on_body = [](std::string_view) { return true; };  // read to its end, of any size
    auto asking = client_.send(std::move(request));
    const http_result answer = co_await std::move(asking);
    co_return grpc::judge_canary(answer);
  }

  http_request health_call(milliseconds timeout) const {
    return target_.call("/grpc.health.v1.Health/Check", grpc::health_request(target_.service), timeout);
  }

  http_client& client_;
  const grpc_target target_;
  bool last_passed_ = true;
};

std::optional<canary_call> read_canary(fields& own) {
  auto given = own.object("canary");
  if (!given) {
    return std::nullopt;
  }
  canary_call canary{.method = given->required_text("method"), .request = {}, .timeout = std::nullopt};
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f && c != '?' && c != '#'; };
  const bool well_formed = canary.method.starts_with('/') && canary.method.find('/', 1) != std::string::npos &&
                           std::all_of(canary.method.begin(), canary.method.end(), printable);
  if (!canary.method.empty() && !well_formed) {
    given->complain("method", "expected /package.Service/Method");
  }
  const auto request = grpc::decoded_base64(given->text("requestBase64", ""));
  if (!request) {
    given->complain("requestBase64", "expected the request message in base64 (RFC 4648)");
  }
  canary.request = request.value_or("");
  if (given->has("timeoutSeconds")) {
    canary.timeout = given->seconds("timeoutSeconds", 1s, 1ms, std::chrono::hours(1));
  }
  given->finish();
  return canary;
}

}  // namespace

/// grpc: docs/probes/grpc.md.
spec read_grpc(fields& own) {
  grpc_target target;
  const std::uint16_t port = own.required_port("port");
  const std::string host = read_host(own);
  target.service = own.text("service", "");
  target.health_check = own.flag("healthCheck", true);
  target.canary = read_canary(own);
  const auto tls = read_tls(own);
  target.tls = tls.value_or(tls_options{});
  target.address = (tls ? "https://" : "http://") + host_and_port(host, port);
  if (!target.health_check && !own.has("canary")) {
    own.complain("healthCheck", "false leaves nothing to ask; expected a canary beside it");
  }
  own.finish();
  const std::string canary = target.canary ? " canary " + target.canary->method : "";
  const std::string health = target.health_check ? " service \"" + target.service + "\"" : "";
  return {.target = "grpc " + host_and_port(host, port) + health + canary,
          .local = is_own_address(host),
          .make = [target](const surroundings& around) -> std::unique_ptr<probe> {
            return std::make_unique<grpc_probe>(around.http, target);
          }};
}

}  // namespace podmedic::probes
