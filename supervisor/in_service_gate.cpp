#include "supervisor/in_service_gate.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "k8s/condition.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace podmedic {
namespace asio = boost::asio;
namespace {

constexpr milliseconds request_time{2'000};
constexpr milliseconds first_pause{250};
constexpr milliseconds longest_pause{5'000};
constexpr milliseconds idle_pause{60'000};
constexpr int tell_after = 3;

}  // namespace

in_service_gate::in_service_gate(asio::io_context& context, k8s::client& api, std::string pod_name, on_trouble tell)
    : api_(api), pod_name_(std::move(pod_name)), tell_(std::move(tell)), timer_(context) {
  asio::co_spawn(context, keep(), asio::detached);
}

void in_service_gate::want(bool in_service) {
  if (wanted_ != in_service) wanted_since_ = wall_now();
  wanted_ = in_service;
  if (to_do()) timer_.cancel();
}

void in_service_gate::found(bool has_gate, std::optional<bool> shown, const std::string& pod_uid) {
  gate_ = has_gate;
  shown_ = shown;
  pod_uid_ = pod_uid;
  if (to_do()) timer_.cancel();
}

void in_service_gate::may_have_gate() {
  gate_ = true;
  if (to_do()) timer_.cancel();
}

std::string in_service_gate::state() const {
  if (!gate_ || !wanted_) return {};
  if (!to_do()) return *wanted_ ? "True" : "False";
  return why_not_.empty() ? "being set" : why_not_;
}

asio::awaitable<void> in_service_gate::keep() {
  milliseconds pause = first_pause;
  for (;;) {
    if (to_do()) co_await set();
    const bool failed = failures_ > 0;
    pause = failed ? std::min(pause * 2, longest_pause) : first_pause;
    if (!failed && to_do()) continue;
    timer_.expires_after(failed ? pause : idle_pause);
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<void> in_service_gate::set() {
  const bool wanted = *wanted_;
  auto setting = k8s::set_in_service(api_, pod_name_, pod_uid_, wanted, wanted_since_, request_time);
  const auto done = co_await std::move(setting);
  const auto* failure = std::get_if<k8s::api_failure>(&done);
  if (failure == nullptr) {
    shown_ = wanted;
    failures_ = 0;
    why_not_.clear();
    log::info("condition", {{"type", std::string(k8s::in_service_condition)}, {"status", wanted ? "True" : "False"}});
    if (std::exchange(told_, false)) tell_(wanted, {});
    co_return;
  }
  shown_.reset();  // it may have been done all the same
  ++failures_;
  why_not_ = failure->message;
  const bool tell = failure->fault == k8s::api_fault::denied || failures_ >= tell_after;
  if (tell && !std::exchange(told_, true)) tell_(wanted, why_not_);
}

}  // namespace podmedic
