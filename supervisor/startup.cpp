#include "supervisor/startup.hpp"

#include "base/clock.hpp"
#include "base/files.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <exception>

namespace podmedic {
namespace asio = boost::asio;
namespace {

using policy::startup_barrier;

bool alive(const process& one) {
  return one.state != 'Z' && one.state != 'X';
}

std::string stray_text(const process& one, const std::string& container) {
  return "pid " + std::to_string(one.pid) + " (" + one.command + ") is left of the last life of " +
         (container.empty() ? "a container" : "container " + container);
}

}  // namespace

void see_startup(const std::vector<container_processes>& seen, std::string_view own, policy::startup_sight& into) {
  for (const container_processes& group : seen) {
    const bool ours = std::any_of(group.members.begin(), group.members.end(),
                                  [](const process& one) { return one.pid == ::getpid(); });
    if (ours || group.name == own) continue;
    // What has lost its parent belongs to PID 1, the sandbox's. In doubt the container runs.
    const auto is_left_over = [&](const process& one) {
      return !alive(one) || one.parent == 1 ||
             std::any_of(group.members.begin(), group.members.end(),
                         [&](const process& other) { return other.pid == one.parent; });
    };
    const bool runs = group.id.empty() || !std::all_of(group.members.begin(), group.members.end(), is_left_over);
    if (runs) {
      into.others_run = true;
      continue;
    }
    for (const process& one : group.members) {
      if (alive(one) && into.strays.size() < 3) into.strays.push_back(stray_text(one, group.name));
    }
  }
}

std::variant<instant, std::string> startup_memory::begin(instant now, const std::string& boot) {
  if (boot.empty()) return "the node's boot id cannot be read";
  const auto known = read_file(path_, 256);
  if (const auto* text = std::get_if<std::string>(&known); text != nullptr && text->starts_with(boot + " ")) {
    std::int64_t began = 0;
    const char* number = text->data() + boot.size() + 1;
    const auto [end, error] = std::from_chars(number, text->data() + text->size(), began);
    const instant at{milliseconds(began)};
    if (error == std::errc() && *end == '\n' && began >= 0 && at <= now) return at;
  }
  const file_error error = write_durably(path_, boot + " " + std::to_string(now.time_since_epoch().count()) + "\n");
  if (error.code != 0) return error.message;
  return now;
}

void startup_memory::end() {
  ::unlink(path_.c_str());
}

startup::startup(asio::io_context& context, const process_table& processes, hooks::surroundings around,
                 std::string own_container, const std::string& state_directory, teller tell)
    : context_(context),
      processes_(processes),
      around_(around),
      own_(std::move(own_container)),
      memory_(state_directory),
      tell_(std::move(tell)) {}

startup::~startup() = default;

void startup::begin(const config::configuration& use, bool acts, bool sees_processes) {
  life_ = boot_now();
  sees_ = sees_processes;
  maximum_ = use.rules.startup_maximum;
  std::vector<config::hook_entry> hooks;
  for (const config::hook_entry& each : use.hooks) {
    if (each.phase == config::hook_phase::startup) hooks.push_back(each);
  }
  has_hooks_ = !hooks.empty();
  if (has_hooks_) unmet_ = "hook " + hooks.front().name + " has not worked yet";
  const policy::startup_sight first = see();
  startup_barrier::beginning from{.wanted = acts, .maximum = maximum_, .began = std::nullopt};
  if (acts && sees_ && !first.others_run && (has_hooks_ || !first.strays.empty())) {
    auto began = memory_.begin(life_, boot_id());
    if (auto* at = std::get_if<instant>(&began)) from.began = *at;
    if (auto* why = std::get_if<std::string>(&began)) why_not_remembered_ = *why;
  }
  barrier_.emplace(from);
  heed(first);
  if (holds()) {
    auto ended = [](std::exception_ptr) {};
    asio::co_spawn(context_, run_hooks(std::move(hooks)), asio::bind_cancellation_slot(cancel_hooks_.slot(), ended));
  }
  asio::co_spawn(context_, keep_looking(), asio::detached);
}

void startup::learn_allowance(milliseconds allowance) {
  if (!barrier_ || allowance_ == allowance) return;
  allowance_ = allowance;
  if (holds()) barrier_->limit(life_, allowance);
  if (!has_hooks_ || maximum_ <= allowance) return;
  const std::string allows = allowance.count() == 0 ? "has no startupProbe that may fail for a while"
                                                    : "has a startupProbe that may fail for " + to_text(allowance);
  tell_({policy::severity::warning, "StartupBarrierShortened",
         "policy.startupBarrier.maxSeconds is " + to_text(maximum_) + ", and podmedic's container " + allows +
             ": the containers start by then, so that the kubelet does not end podmedic; set its startupProbe so that "
             "(failureThreshold - 2) x periodSeconds is as long as maxSeconds"});
}

bool startup::holds() const {
  return barrier_ && barrier_->stands() == startup_barrier::state::holding;
}

std::string startup::waits_for() const {
  return barrier_ ? barrier_->waits_for() : std::string();
}

milliseconds startup::left() const {
  if (!holds() || !barrier_->until()) return milliseconds(0);
  return std::max(*barrier_->until() - boot_now(), milliseconds(0));
}

policy::startup_sight startup::see() const {
  policy::startup_sight sight{.sees_processes = sees_, .others_run = false, .strays = {}, .unmet = unmet_};
  if (sees_) see_startup(processes_.containers(*around_.names_by_id), own_, sight);
  return sight;
}

void startup::heed(const policy::startup_sight& sight) {
  const auto stands = barrier_->look(sight, boot_now());
  if (stands != startup_barrier::state::holding) {
    tell_end(stands);
    return;
  }
  if (told_) return;
  told_ = true;
  tell_({policy::severity::normal, "StartupHeld",
         "the containers behind podmedic wait for at most " + to_text(left()) + ": " + waits_for()});
}

void startup::tell_end(startup_barrier::state ended) {
  using enum startup_barrier::state;
  const std::string waited = to_text(boot_now() - life_);
  if (ended == timed_out) {
    tell_({policy::severity::warning, "StartupBarrierTimedOut",
           "the containers behind podmedic start after " + waited + " although this is not met: " + waits_for()});
  } else if (ended == passed && told_) {
    tell_({policy::severity::normal, "StartupReleased",
           "the containers behind podmedic start after " + waited + ": there is nothing left to wait for"});
  } else if (ended == not_held && told_) {
    tell_({policy::severity::warning, "StartupBarrierOff",
           "another container has started while podmedic held them back: it stands before podmedic, or podmedic's "
           "container has no startupProbe (podmedic check startup)"});
  } else if (ended == blind) {
    tell_({policy::severity::warning, "StartupBarrierOff",
           "podmedic cannot see whether another container runs already, and holds none back: set "
           "shareProcessNamespace: true, without hostPID; not met: " +
               waits_for()});
  } else if (ended == not_remembered) {
    tell_({policy::severity::warning, "StartupBarrierOff",
           "podmedic holds no container back, because it could not bound that across its own restarts: " +
               why_not_remembered_ + "; not met: " + waits_for()});
  }
}

asio::awaitable<void> startup::run_hooks(std::vector<config::hook_entry> hooks) {
  constexpr milliseconds between_attempts{500};
  asio::steady_timer timer(context_);
  for (const config::hook_entry& each : hooks) {
    for (;;) {
      const auto hook = each.spec.make(around_);
      const std::optional<std::string> error = co_await hook->run(each.timeout);
      if (!error) break;
      unmet_ = "hook " + each.name + ": " + *error;
      timer.expires_after(between_attempts);
      co_await timer.async_wait(asio::use_awaitable);
    }
    unmet_ = "the hooks after " + each.name + " have not worked yet";
  }
  unmet_.clear();
}

/// Until another container runs: then the wait that is remembered is over.
asio::awaitable<void> startup::keep_looking() {
  constexpr milliseconds while_holding{200}, afterwards{1'000};
  asio::steady_timer timer(context_);
  for (;;) {
    const policy::startup_sight sight = see();
    if (holds()) {
      heed(sight);
      if (!holds()) cancel_hooks_.emit(asio::cancellation_type::terminal);
    }
    if (sight.others_run || !sees_) break;
    timer.expires_after(holds() ? while_holding : afterwards);
    co_await timer.async_wait(asio::use_awaitable);
  }
  memory_.end();
}

}  // namespace podmedic
