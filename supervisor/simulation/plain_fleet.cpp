#include "supervisor/simulation/plain_fleet.hpp"

#include "supervisor/policy/back_off.hpp"
#include "supervisor/rehearsal/restart_semantics.hpp"
#include "supervisor/simulation/event_queue.hpp"
#include "supervisor/simulation/liveness.hpp"

#include <algorithm>
#include <vector>

namespace podmedic::simulation {
namespace {

constexpr std::uint64_t purpose = 2;  // of random numbers

struct replica {
  enum class phase { serving, hanging, warming, restarted };  ///< until `due`
  phase in = phase::warming;
  moment started{};
  moment due{};
  milliseconds first_check{0};  ///< after its start
  bool decided = false;         ///< it is ended at `due`
  rehearsal::crash_back_off back_off;
};

class plain_world {
 public:
  plain_world(plain under, const plan& of, const server_health& health, moment begin)
      : under_(under), plan_(of), health_(health), begin_(begin), seen_(of.replicas, begin, of.length) {
    for (int i = 0; i < of.replicas; ++i) {
      policy::random_source random(seed_of(of, purpose, static_cast<std::uint64_t>(i)));
      replicas_.push_back({.first_check = milliseconds(random.between(0, of.period.count() - 1))});
    }
  }

  course run() {
    const moment end = begin_ + plan_.length;
    event_queue queue(plan_.replicas);
    for (int i = 0; i < plan_.replicas; ++i) {
      replicas_[static_cast<std::size_t>(i)].due = plan_.warm_up;  // the lead-in spares all of them
      queue.set(i, plan_.warm_up);
    }
    while (const auto next = queue.take(end)) {
      replica& r = replicas_[static_cast<std::size_t>(next->replica)];
      happen(next->replica, r);
      queue.set(next->replica, r.due);
    }
    seen_.ended();
    return std::move(seen_);
  }

 private:
  void happen(int i, replica& r) {
    const moment now = r.due;
    switch (r.in) {
      case replica::phase::serving: return look(i, r, now);
      case replica::phase::hanging:
      case replica::phase::warming: return r.decided ? end(i, r, now) : look(i, r, now);
      case replica::phase::restarted:
        r.started = now;
        r.in = replica::phase::warming;
        r.due = now + plan_.warm_up;
        r.decided = false;
        if (under_ == plain::naive_sidecar) decide(r, now, milliseconds(0));
        return;
    }
  }

  /// The server has started, or begins or ceases to hang.
  void look(int i, replica& r, moment now) {
    const bool hangs = health_.hangs(i, now, r.started);
    seen_.serves(i, now, !hangs);
    r.in = hangs ? replica::phase::hanging : replica::phase::serving;
    r.due = health_.steady_until(i, now, r.started);
    r.decided = false;
    if (!hangs) return;
    seen_.fell_ill(i, now);
    decide(r, now, plan_.timeout + milliseconds(1));
  }

  /// Checks fail from now on, after so long each, until what is due.
  void decide(replica& r, moment now, milliseconds answers_after) {
    const milliseconds since_first = std::max(milliseconds(0), now - r.started - r.first_check);
    const auto checks = (since_first + plan_.period - milliseconds(1)) / plan_.period;
    liveness_worker worker({plan_.period, plan_.rules.probes.front().failure_threshold, plan_.timeout},
                           r.started + r.first_check + checks * plan_.period);
    while (worker.begins() < r.due) {
      const auto ended = worker.check(answers_after, false);
      if (!ended) continue;
      r.due = *ended;
      r.decided = true;
      return;
    }
  }

  void end(int i, replica& r, moment now) {
    seen_.restarted(i, now);
    seen_.serves(i, now, false);
    r.in = replica::phase::restarted;
    r.due = now + plan_.restart_takes;
    if (under_ == plain::naive_sidecar) return count_the_loop(i, r);
    r.due = r.back_off.ended(instant(now + plan_.grace)).time_since_epoch() + plan_.restart_takes;
  }

  /// Where the sidecar gives up before the server has warmed up, every life is like the last: they are counted instead
  /// of played.
  void count_the_loop(int i, replica& r) {
    const milliseconds gives_up = r.first_check + (plan_.rules.probes.front().failure_threshold - 1) * plan_.period;
    if (gives_up >= plan_.warm_up) return;
    const milliseconds life = gives_up + plan_.restart_takes;
    for (moment ends = r.due + gives_up; ends <= begin_ + plan_.length; ends += life) seen_.restarted(i, ends);
    r.due = server_health::never;
  }

  plain under_;
  const plan& plan_;
  const server_health& health_;
  moment begin_;
  course seen_;
  std::vector<replica> replicas_;
};

}  // namespace

course run_plain(plain under, const plan& of, const server_health& health, moment begin) {
  return plain_world(under, of, health, begin).run();
}

}  // namespace podmedic::simulation
