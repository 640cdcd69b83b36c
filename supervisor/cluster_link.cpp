#include "supervisor/cluster_link.hpp"

#include "base/clock.hpp"
#include "k8s/access.hpp"
#include "k8s/client.hpp"
#include "k8s/event.hpp"
#include "k8s/eviction.hpp"
#include "k8s/pod.hpp"
#include "supervisor/fleet_link.hpp"
#include "supervisor/in_service_gate.hpp"
#include "supervisor/policy/startup_barrier.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>

namespace podmedic {
namespace asio = boost::asio;
namespace {

using std::chrono::seconds;
constexpr milliseconds request_time{2'000};
constexpr milliseconds first_pause{1'000};
constexpr milliseconds longest_pause{60'000};
constexpr milliseconds between_reads{300'000};
/// The kubelet sets the condition in its first sync of a Pod; that long it may take to be seen.
constexpr milliseconds condition_grace{60'000};
constexpr std::size_t most_waiting = 32;
constexpr int most_denials = 4;

std::variant<k8s::access, k8s::no_access> access_of(const run_options& options) {
  if (options.rehearsed_pod.empty()) return k8s::find_access();
  if (options.rehearsed_account.empty()) return k8s::no_access{"a rehearsal has no Kubernetes API"};
  return k8s::find_access(options.rehearsed_account, options.rehearsed_account);
}

bool worth_another_try(const k8s::api_failure& failure) {
  return failure.fault == k8s::api_fault::unavailable || failure.fault == k8s::api_fault::throttled;
}

k8s::pod_event event_of(const announcement& a) {
  return {.type = a.what.level == policy::severity::warning ? k8s::pod_event::severity::warning
                                                            : k8s::pod_event::severity::normal,
          .reason = a.what.reason,
          .action = {},
          .note = a.what.message,
          .at = a.at};
}

}  // namespace

std::string own_pod_name(const run_options& options) {
  if (!options.pod_name.empty()) return options.pod_name;
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

class cluster_link::worker {
 public:
  worker(asio::io_context& context, http_client& http, const run_options& options)
      : context_(context),
        options_(options),
        pod_name_(own_pod_name(options)),
        read_timer_(context),
        send_timer_(context),
        idle_timer_(context) {
    auto found = access_of(options);
    if (const auto* none = std::get_if<k8s::no_access>(&found)) {
      state_ = none->why;
    } else {
      api_.emplace(http, std::get<k8s::access>(std::move(found)));
      state_ = "not asked yet";
    }
  }

  void start(policy::fleet_rules use, std::function<void(const cluster_findings&)> report,
             std::function<void(policy::any_event)> fleet) {
    report_ = std::move(report);
    tell_fleet_ = std::move(fleet);
    started_ = boot_now();
    if (api_) {
      fleet_.emplace(*api_, std::move(use));
      tell_fleet_(policy::event::place_asked{});
      gate_.emplace(context_, *api_, pod_name_, gate_trouble_);
      if (in_service_) gate_->want(*in_service_);
      asio::co_spawn(context_, read_pods(), asio::detached);
      asio::co_spawn(context_, send_waiting(), asio::detached);
    } else {
      tell_fleet_(policy::event::place_found{.place = {}, .why_not = state_});
      report_({.why_not = {},
               .names_by_id = {},
               .why_not_back = {},
               .sidecars = {},
               .own_exit_code_seen = false,
               .off = "no Events, no check of the restart rule and of restartPolicy, so no graceful stop of the other "
                      "containers, and with the readinessGate podmedic.io/InService the Pod never becomes Ready: " +
                      state_});
    }
  }

  asio::awaitable<void> read_fleet() { tell_fleet_(co_await fleet_->read_fleet()); }
  asio::awaitable<void> read_lease(policy::action::read_lease what) { tell_fleet_(co_await fleet_->read_lease(what)); }
  asio::awaitable<void> write_lease(policy::action::write_lease what) {
    tell_fleet_(co_await fleet_->write_lease(std::move(what)));
  }
  void spawn(asio::awaitable<void> what) { asio::co_spawn(context_, std::move(what), asio::detached); }

  void read_soon() {
    if (names_asked_) return;
    names_asked_ = true;
    read_timer_.cancel();
  }

  void publish(const announcement& what) {
    if (!api_) return;
    waiting_.push_back(what);
    if (waiting_.size() > most_waiting) waiting_.pop_front();
    send_timer_.cancel();
  }

  void mirror(const std::string& text) {
    if (!api_) return;
    to_mirror_ = text;
    send_timer_.cancel();
  }

  asio::awaitable<void> flush(milliseconds limit) {
    if (waiting_.empty() && !to_mirror_ && !sending_) co_return;
    send_timer_.cancel();
    idle_timer_.expires_after(limit);
    co_await idle_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }

  asio::awaitable<policy::event::eviction_answered> evict() {
    using answer = policy::event::eviction_answered::answer;
    if (!api_) co_return policy::event::eviction_answered{answer::failed, "no Kubernetes API: " + state_};
    auto asked = co_await k8s::evict_pod(*api_, pod_name_, pod_uid_, request_time);
    const auto* failure = std::get_if<k8s::api_failure>(&asked);
    if (failure == nullptr) co_return policy::event::eviction_answered{answer::granted, {}};
    const bool refused = failure->fault == k8s::api_fault::throttled;
    co_return policy::event::eviction_answered{refused ? answer::refused : answer::failed, failure->message};
  }
  void keep_in_service(bool wanted) {
    in_service_ = wanted;
    if (gate_) gate_->want(wanted);
  }
  void on_gate_trouble(std::function<void(bool, const std::string&)> tell) { gate_trouble_ = std::move(tell); }

  std::string state() const { return api_ ? state_ : "off: " + state_; }
  std::string gate_state() const { return gate_ ? gate_->state() : std::string(); }

 private:
  asio::awaitable<void> read_pods() {
    milliseconds pause = first_pause;
    for (;;) {
      auto read =
          co_await k8s::read_pod(*api_, pod_name_, options_.container, options_.restart_exit_code, request_time);
      if (auto* facts = std::get_if<k8s::pod_facts>(&read)) {
        pod_uid_ = facts->uid;
        gate_->found(facts->in_service_gate, facts->in_service, facts->uid);
        state_ = "ok";
        report_(findings_of(*facts));
        tell_fleet_(fleet_->found(*facts));
        denials_ = 0;
        pause = facts->all_containers_restarting ? between_reads : std::min(pause * 2, longest_pause);
      } else {
        const auto& failure = std::get<k8s::api_failure>(read);
        state_ = failure.message;
        if (failure.fault == k8s::api_fault::denied && pod_uid_.empty()) gate_->may_have_gate();
        // An API server that has just started denies everything until it knows the Roles.
        const bool try_again = worth_another_try(failure) || ++denials_ < most_denials;
        tell_fleet_(policy::event::place_found{.place = {}, .why_not = failure.message, .may_come = try_again});
        report_({.why_not = {},
                 .names_by_id = names_by_id_,
                 .why_not_back = why_not_back_,
                 .sidecars = sidecars_,
                 .own_exit_code_seen = false,
                 .off = "the restart rule is not verified: " + failure.message});
        pause = try_again ? std::min(pause * 2, longest_pause) : between_reads;
      }
      read_timer_.expires_after(pause);
      co_await read_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
      names_asked_ = false;
    }
  }

  cluster_findings findings_of(const k8s::pod_facts& facts) {
    names_by_id_ = facts.names_by_id;
    why_not_back_ = facts.why_not_back;
    sidecars_ = facts.sidecars;
    cluster_findings found{.can_restart = policy::support::unverified,
                           .why_not = {},
                           .names_by_id = names_by_id_,
                           .why_not_back = facts.why_not_back,
                           .sidecars = facts.sidecars,
                           .own_exit_code_seen = facts.last_exit_code == options_.restart_exit_code,
                           .off = {}};
    found.startup_allowance = milliseconds(0);
    if (const auto& probe = facts.own_startup_probe) {
      found.startup_allowance =
          policy::startup_allowance(probe->initial_delay, probe->period, probe->failure_threshold);
    }
    const auto missing = [&](std::string why) {
      found.can_restart = policy::support::missing;
      found.why_not = std::move(why);
    };
    if (facts.rule != k8s::restart_rule::present) {
      missing(k8s::to_text(facts.rule));
    } else if (facts.host_pid) {
      missing("with hostPID podmedic cannot tell the Pod's processes from the node's; remove hostPID");
    } else if (facts.all_containers_restarting) {
      found.can_restart = policy::support::verified;
    } else if (boot_now() - started_ > condition_grace) {
      missing(
          "the kubelet has not set the condition AllContainersRestarting, so it does not have RestartAllContainers "
          "(Kubernetes 1.36 has it by default)");
    }
    return found;
  }

  asio::awaitable<void> send_waiting() {
    milliseconds pause = first_pause;
    for (;;) {
      bool failed = false;
      sending_ = true;
      while (!failed && (!waiting_.empty() || to_mirror_)) {
        // An Event that falls out of the queue meanwhile must not take the next one's place: take it out first.
        if (!waiting_.empty()) {
          failed = co_await send_event();
        } else {
          failed = co_await send_mirror();
        }
      }
      sending_ = false;
      idle_timer_.cancel();
      pause = failed ? std::min(pause * 2, longest_pause) : first_pause;
      if (!failed && (!waiting_.empty() || to_mirror_)) continue;
      send_timer_.expires_after(failed ? pause : milliseconds(longest_pause));
      co_await send_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  /// Each sends one thing; true: it failed and is worth another try, for which it is kept.
  asio::awaitable<bool> send_event() {
    announcement next = std::move(waiting_.front());
    waiting_.pop_front();
    k8s::pod_event event = event_of(next);
    auto sent = co_await k8s::publish_event(*api_, pod_name_, pod_uid_, std::move(event), request_time);
    const auto* failure = std::get_if<k8s::api_failure>(&sent);
    if (failure == nullptr) co_return false;
    state_ = failure->message;
    if (!worth_another_try(*failure)) co_return false;
    if (waiting_.size() < most_waiting) waiting_.push_front(std::move(next));
    co_return true;
  }

  asio::awaitable<bool> send_mirror() {
    const std::string text = *std::exchange(to_mirror_, std::nullopt);
    auto sent = co_await k8s::annotate_last_restart(*api_, pod_name_, pod_uid_, text, request_time);
    const auto* failure = std::get_if<k8s::api_failure>(&sent);
    if (failure == nullptr) co_return false;
    state_ = failure->message;
    if (!worth_another_try(*failure)) co_return false;
    if (!to_mirror_) to_mirror_ = text;
    co_return true;
  }

  asio::io_context& context_;
  const run_options& options_;
  std::string pod_name_;
  std::optional<k8s::client> api_;
  std::function<void(const cluster_findings&)> report_;
  instant started_{};
  std::string pod_uid_;
  std::string state_;
  std::map<std::string, std::string> names_by_id_;
  std::map<std::string, std::string> why_not_back_;
  std::optional<std::vector<std::string>> sidecars_;
  std::optional<fleet_link> fleet_;
  std::function<void(policy::any_event)> tell_fleet_;
  std::function<void(bool, const std::string&)> gate_trouble_;
  std::optional<in_service_gate> gate_;
  std::optional<bool> in_service_;
  std::deque<announcement> waiting_;
  std::optional<std::string> to_mirror_;
  int denials_ = 0;
  bool names_asked_ = false;
  bool sending_ = false;
  asio::steady_timer read_timer_;
  asio::steady_timer send_timer_;
  asio::steady_timer idle_timer_;
};

cluster_link::cluster_link(asio::io_context& context, http_client& http, const run_options& options)
    : worker_(std::make_unique<worker>(context, http, options)) {}
cluster_link::~cluster_link() = default;

void cluster_link::start(policy::fleet_rules use, std::function<void(const cluster_findings&)> report,
                         std::function<void(policy::any_event)> fleet) {
  worker_->start(std::move(use), std::move(report), std::move(fleet));
}
void cluster_link::ask(const policy::action::read_fleet&) {
  worker_->spawn(worker_->read_fleet());
}
void cluster_link::ask(const policy::action::read_lease& what) {
  worker_->spawn(worker_->read_lease(what));
}
void cluster_link::ask(const policy::action::write_lease& what) {
  worker_->spawn(worker_->write_lease(what));
}
void cluster_link::names_wanted() {
  worker_->read_soon();
}
void cluster_link::publish(const announcement& what) {
  worker_->publish(what);
}
void cluster_link::mirror(const std::string& text) {
  worker_->mirror(text);
}
asio::awaitable<policy::event::eviction_answered> cluster_link::evict() {
  return worker_->evict();
}
void cluster_link::keep_in_service(bool wanted) {
  worker_->keep_in_service(wanted);
}
void cluster_link::on_gate_trouble(std::function<void(bool wanted, const std::string& why)> tell) {
  worker_->on_gate_trouble(std::move(tell));
}
std::string cluster_link::gate_state() const {
  return worker_->gate_state();
}
asio::awaitable<void> cluster_link::flush(milliseconds limit) {
  return worker_->flush(limit);
}
std::string cluster_link::state() const {
  return worker_->state();
}

}  // namespace podmedic
