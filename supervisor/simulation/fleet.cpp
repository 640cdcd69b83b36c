#include "supervisor/simulation/fleet.hpp"

#include <algorithm>
#include <cmath>

namespace podmedic::simulation {
namespace {

// Of random numbers.
constexpr std::uint64_t for_pods = 0x10;
constexpr std::uint64_t for_crashes = 0x11;
constexpr std::uint64_t for_clocks = 0x12;

/// platform.md: from podmedic's start to that of the containers behind it.
constexpr milliseconds behind_podmedic{700};

constexpr milliseconds monday = std::chrono::hours(24 * 4);  // 1970-01-05 00:00 UTC, so that windows can be read off

}  // namespace

milliseconds lead_in(const plan& of) {
  const auto checks = of.rules.probes.front().success_threshold + of.rules.probes.front().failure_threshold + 3;
  return of.restart_takes + of.warm_up + checks * (of.period + of.timeout);
}

fleet::fleet(const plan& of, const server_health& health, options with)
    : plan_(of),
      health_(health),
      with_(std::move(with)),
      api_(of, with_.begin),
      seen_(of.replicas, with_.begin, of.length),
      queue_(of.replicas),
      random_(seed_of(of, for_crashes, 0)),
      requests_by_second_(static_cast<std::size_t>(of.length / std::chrono::seconds(1)) + 1, 0) {
  for (int i = 0; i < of.replicas; ++i) {
    replica& r = replicas_.emplace_back(pod_options(i), true);
    policy::random_source random(seed_of(of, for_clocks, static_cast<std::uint64_t>(i)));
    const milliseconds skew(random.between(-of.troubled.skew.count(), of.troubled.skew.count()));
    r.pod.jump_wall_clock(monday - with_.begin - r.pod.wall_now().time_since_epoch() + skew);
    if (of.troubled.crash_every) r.crash = next_crash(with_.begin);
    queue_.set(i, next_of(r));
  }
}

virtual_pod::options fleet::pod_options(int i) {
  policy::random_source random(seed_of(plan_, for_pods, static_cast<std::uint64_t>(i)));
  virtual_pod::options with;
  with.use = plan_.rules;
  server runs{
      .container = plan_.rules.probes.front().container,
      .start_up = plan_.warm_up,
      .behaves = [this, i](moment now,
                           moment started) { return health_.hangs(i, now, started) ? health::hangs : health::passes; },
      .steady_until = [this, i](moment now, moment started) { return health_.steady_until(i, now, started); }};
  with.leaves_out_checks = with_.leaves_out;
  with.servers = {std::move(runs)};
  timings& takes = with.takes;
  takes.check_period = plan_.period;
  takes.check_timeout = plan_.timeout;
  takes.drain = std::min(plan_.rules.drain.settle, plan_.rules.drain.timeout);
  takes.containers_after = std::min(behind_podmedic, plan_.restart_takes);
  takes.pod_again = plan_.restart_takes - takes.containers_after;
  takes.container_again = plan_.restart_takes;
  with.first_check = milliseconds(random.between(0, plan_.period.count() - 1));
  with.seed = seed_of(plan_, for_pods + 1, static_cast<std::uint64_t>(i));
  with.births_through_text = std::numeric_limits<int>::max();
  with.most_notices = 32;
  with.meddle = with_.meddle;
  with.replica = i;
  with.api_latency = plan_.troubled.api_latency;
  if (plan_.takes_turns) with.api = &api_;
  return with;
}

void fleet::run() {
  const moment end = with_.begin + plan_.length;
  while (const auto next = queue_.take(end)) happen(next->replica, next->at);
  seen_.ended();
}

std::optional<moment> fleet::next_of(const replica& r) const {
  std::optional<moment> first = r.pod.next();
  const auto consider = [&](const std::optional<moment>& when) {
    if (when) first = std::min(first.value_or(*when), *when);
  };
  consider(r.pod.changes_at());
  consider(r.crash);
  consider(r.to_act_until);
  return first;
}

void fleet::happen(int i, moment now) {
  replica& r = replicas_[static_cast<std::size_t>(i)];
  r.pod.advance(now - r.pod.now());
  if (r.crash && *r.crash <= now) {
    r.pod.kill_podmedic();
    r.crash = next_crash(now);
    if (r.to_act_until) r.to_act_until = now + progress_bound(r.pod) + turns_of_others();
  }
  observe(i, now);
  queue_.set(i, next_of(r));
}

void fleet::observe(int i, moment now) {
  replica& r = replicas_[static_cast<std::size_t>(i)];
  const bool hangs = r.pod.hangs();
  if (hangs) seen_.fell_ill(i, now);
  const bool serves = r.pod.serves();
  seen_.serves(i, now, serves);
  if (serves != std::exchange(r.serves, serves)) {
    serving_ += serves ? 1 : -1;
    api_.serves(i, serves);
  }
  for (; r.restarts < r.pod.restarts().size(); ++r.restarts) seen_.restarted(i, now);
  if (hangs != r.hangs) {
    r.hangs = hangs;
    r.to_act_until.reset();
    if (hangs && plan_.rules.windows.empty()) {
      r.judge.tail_begins(r.pod);
      r.to_act_until = now + progress_bound(r.pod) + turns_of_others();
    }
  }
  judge_fleet(i, now);
  watch_progress(r, now);
  count_requests(r, now);
  if (r.told || !r.judge.found()) return;
  r.told = true;
  broken_.push_back({i, r.judge.found()->what});
}

void fleet::watch_progress(replica& r, moment now) {
  if (!r.to_act_until || now < *r.to_act_until) return;
  r.to_act_until.reset();
  // Two replicas that a restart did not help stop the fleet: a poison release must not walk through it.
  constexpr int enough = 2;
  if (plan_.takes_turns && unhelped_ >= enough) return;
  r.judge.tail_ended(r.pod);
}

/// While the others have theirs, one group after the other, and the API server may be away.
milliseconds fleet::turns_of_others() const {
  if (!plan_.takes_turns) return milliseconds(0);
  constexpr milliseconds until_seen_free{62'000};  // a replica that waits looks at least once a minute
  const policy::rules& r = plan_.rules;
  const milliseconds turn = r.drain.timeout + r.graceful_stop.timeout + plan_.restart_takes + plan_.warm_up +
                            r.success.stable + r.fleet.cool_down + until_seen_free;
  milliseconds away{0};
  for (const auto* list : {&plan_.troubled.outages, &plan_.troubled.partitions}) {
    for (const interruption& each : *list) away += each.lasts + policy::lease_duration(r);
  }
  return ((health_.faulted() - 1) / r.fleet.max_unavailable + 1) * turn + away;
}

/// Invariant 8, as the world saw it.
void fleet::judge_fleet(int i, moment now) {
  replica& r = replicas_[static_cast<std::size_t>(i)];
  const bool serves = r.pod.serves();
  const bool settled = serves || r.hangs;  // else it is on its way back from a restart
  if (settled) r.restarts_seen_serve = r.restarts;
  if (r.hangs && r.restarts > 0 && !std::exchange(r.unhelped, true)) ++unhelped_;
  const bool out = r.pod.left_traffic() || r.restarts_seen_serve < r.restarts;
  if (out == r.out) return;
  r.out = out;
  out_ += out ? 1 : -1;
  if (!plan_.takes_turns || !out) return;
  const policy::fleet_rules& rules = plan_.rules.fleet;
  const auto broke = [&](std::string how) {
    broken_.push_back({i, "8. At most maxUnavailable replicas are out by podmedic's doing. Broken at " +
                              std::to_string((now - with_.begin).count()) + " ms: " + how});
  };
  if (out_ > rules.max_unavailable)
    broke(std::to_string(out_) + " are out, of " + std::to_string(rules.max_unavailable));
  const int floor = std::min(rules.min_available, plan_.replicas - 1);
  if (!r.hangs && r.pod.left_traffic() && serving_ < floor)
    broke("a healthy one leaves, and " + std::to_string(serving_) + " serve, of minAvailable " +
          std::to_string(rules.min_available));
}

/// An Event for each notice that is published, the annotation podmedic.io/last-restart, and what turns take.
void fleet::count_requests(replica& r, moment now) {
  const std::uint64_t all = r.pod.published() + r.restarts;
  const std::uint64_t of_leases = api_.requests() - std::exchange(lease_requests_, api_.requests());
  const std::uint64_t more = all - std::exchange(r.requests, all) + of_leases;
  if (more == 0 || now < with_.begin) return;
  api_requests_ += more;
  const auto second = static_cast<std::size_t>((now - with_.begin) / std::chrono::seconds(1));
  requests_by_second_[std::min(second, requests_by_second_.size() - 1)] += static_cast<std::uint32_t>(more);
}

std::uint32_t fleet::most_api_requests() const {
  return *std::max_element(requests_by_second_.begin(), requests_by_second_.end());
}

/// At random and without memory: the time between two is exponentially distributed.
moment fleet::next_crash(moment after) {
  constexpr std::int64_t fine = 1'000'000'000;
  const double even = static_cast<double>(random_.between(1, fine)) / static_cast<double>(fine);
  const double mean = static_cast<double>(plan_.troubled.crash_every->count());
  return after + milliseconds(static_cast<std::int64_t>(-std::log(even) * mean) + 1);
}

}  // namespace podmedic::simulation
