#include "base/clock.hpp"
#include "base/http_client.hpp"
#include "base/http_fields.hpp"
#include "base/own_addresses.hpp"
#include "base/url.hpp"
#include "probes/grpc_message.hpp"
#include "probes/grpc_sample.hpp"
#include "probes/grpc_verdict.hpp"
#include "probes/registry.hpp"
#include "probes/target_host.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace podmedic::probes {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

struct canary_call {
  std::string method;   ///< "/package.Service/Method"
  std::string request;  ///< the message's bytes
  std::optional<milliseconds> timeout;
  std::optional<milliseconds> max_gap;
  std::int64_t enough_messages = 0;  ///< of a stream that does not end; 0: it must
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

milliseconds until(steady::time_point deadline) {
  return std::chrono::ceil<milliseconds>(deadline - steady::now());
}

/// The same call on a fresh channel, for when the held one gives no answer in time. An ordinary check costs no more for
/// it than a timer: no coroutine of its own, and above all nothing that is cancelled, which asio does by an exception.
class second_opinion {
 public:
  /// Asks by itself after that time, unless it is destroyed before.
  second_opinion(const asio::any_io_executor& executor, http_client& client, std::function<http_request()> call,
                 milliseconds after)
      : asked_(std::make_shared<question>(executor, client, std::move(call))) {
    asked_->begin.expires_after(after);
    asked_->begin.async_wait([weak = std::weak_ptr(asked_)](boost::system::error_code cancelled) {
      const auto asked = weak.lock();
      if (!cancelled && asked) ask(asked);
    });
  }
  second_opinion(const second_opinion&) = delete;
  second_opinion& operator=(const second_opinion&) = delete;
  ~second_opinion() { asked_->give_up.emit(asio::cancellation_type::terminal); }

  /// The answer, asked for now if that has not been done; nothing where no time was left to ask.
  asio::awaitable<std::optional<http_result>> answer() {
    const auto asked = asked_;
    ask(asked);
    if (!asked->ended) co_await asked->end.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return std::move(asked->answer);
  }

 private:
  /// Outlives its asker by as long as it takes to give up.
  struct question {
    question(const asio::any_io_executor& executor, http_client& to, std::function<http_request()> what)
        : client(to), call(std::move(what)), begin(executor), end(executor, steady::time_point::max()) {}
    http_client& client;
    std::function<http_request()> call;
    asio::steady_timer begin;
    asio::steady_timer end;  ///< cancelled at the end
    asio::cancellation_signal give_up;
    std::optional<http_result> answer;
    bool begun = false;
    bool ended = false;
  };

  static void ask(const std::shared_ptr<question>& asked) {
    if (std::exchange(asked->begun, true)) return;
    auto ended = [asked](std::exception_ptr) {
      asked->ended = true;
      asked->end.cancel();
    };
    asio::co_spawn(asked->end.get_executor(), send(asked, asked->call()),
                   asio::bind_cancellation_slot(asked->give_up.slot(), std::move(ended)));
  }

  static asio::awaitable<void> send(std::shared_ptr<question> asked, http_request request) {
    if (request.timeout <= 0ms) co_return;
    auto asking = asked->client.send(std::move(request));
    asked->answer = co_await std::move(asking);
  }

  std::shared_ptr<question> asked_;
};

class grpc_probe final : public probe {
 public:
  grpc_probe(const surroundings& around, grpc_target target)
      : client_(around.http), on_sample_(around.on_sample), target_(std::move(target)) {}

  asio::awaitable<verdict> check(milliseconds timeout) override {
    const auto deadline = steady::now() + timeout;
    grpc::sample seen{.held = {}, .fresh = {}, .canary = {}, .stream = {}, .timeout = timeout};
    if (target_.health_check) {
      auto asking = check_health(seen);
      co_await std::move(asking);
    }
    if (target_.canary && std::holds_alternative<pass>(grpc::judge(seen))) {
      auto asking = call_canary(*target_.canary, until(deadline), seen);
      co_await std::move(asking);
    }
    if (on_sample_) on_sample_(seen.to_text());
    verdict found = grpc::judge(seen);
    last_passed_ = std::holds_alternative<pass>(found);
    co_return found;
  }

 private:
  asio::awaitable<void> check_health(grpc::sample& seen) {
    const auto executor = co_await asio::this_coro::executor;
    const milliseconds timeout = seen.timeout;
    const auto deadline = steady::now() + timeout;
    auto call_afresh = [this, deadline] {
      http_request request = health_call(until(deadline));
      request.fresh = true;
      return request;
    };
    second_opinion fresh(executor, client_, std::move(call_afresh), last_passed_ ? timeout / 2 : 0ms);
    auto asking = client_.send(health_call(timeout));
    seen.held = co_await std::move(asking);
    if (!grpc::is_open(*seen.held)) co_return;
    auto asking_afresh = fresh.answer();
    seen.fresh = co_await std::move(asking_afresh);
  }

  asio::awaitable<void> call_canary(const canary_call& canary, milliseconds left, grpc::sample& seen) {
    const milliseconds timeout = std::max(1ms, std::min(left, canary.timeout.value_or(left)));
    http_request request = target_.call(canary.method, canary.request, timeout);
    request.max_gap = canary.max_gap;
    const auto counted = std::make_shared<grpc::message_counter>();
    request.on_body = [counted, enough = canary.enough_messages](std::string_view piece) {  // of any size
      counted->take(piece);
      return enough == 0 || counted->count() < enough;
    };
    auto asking = client_.send(std::move(request));
    seen.canary = co_await std::move(asking);
    seen.stream.messages = counted->count();
    seen.stream.enough = canary.enough_messages > 0 && counted->count() >= canary.enough_messages;
  }

  http_request health_call(milliseconds timeout) const {
    return target_.call("/grpc.health.v1.Health/Check", grpc::health_request(target_.service), timeout);
  }

  http_client& client_;
  const std::function<void(const std::string&)> on_sample_;
  const grpc_target target_;
  bool last_passed_ = true;
};

std::optional<canary_call> read_canary(fields& own) {
  auto given = own.object("canary");
  if (!given) {
    return std::nullopt;
  }
  canary_call canary;
  canary.method = given->required_text("method");
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
  if (given->has("maxGapSeconds")) {
    canary.max_gap = given->seconds("maxGapSeconds", 1s, 1ms, std::chrono::hours(1));
  }
  canary.enough_messages = given->integer("enoughMessages", 0, 1, 1'000'000);
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
            return std::make_unique<grpc_probe>(around, target);
          },
          .replay = []() -> sample_judge {
            return [](std::string_view line, milliseconds) { return grpc::judge(grpc::sample::parse(line)); };
          }};
}

}  // namespace podmedic::probes
