#pragma once
#include "supervisor/simulation/course.hpp"
#include "supervisor/simulation/event_queue.hpp"
#include "supervisor/simulation/policy_invariants.hpp"
#include "supervisor/simulation/server_health.hpp"
#include "supervisor/simulation/virtual_pod.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace podmedic::simulation {

/// What the judges found in one replica.
struct broken_promise {
  int replica;
  std::string what;
};

/// The plan's fleet with podmedic in every Pod: the real medic and its ledger, each Pod watched by an examiner of its
/// own, which knows what the world did and never what the medic believes.
class fleet {
 public:
  struct options {
    moment begin{};          ///< the end of the lead-in
    bool leaves_out = true;  ///< virtual_pod::options::leaves_out_checks
    meddling meddle = {};    ///< a wrong medic, to see that it is caught
  };
  /// `of` and `health` outlive it.
  fleet(const plan& of, const server_health& health, options with);
  void run();

  const course& seen() const { return seen_; }
  const std::vector<broken_promise>& broken() const { return broken_; }
  std::uint64_t api_requests() const { return api_requests_; }  ///< since the lead-in
  std::uint32_t most_api_requests() const;                      ///< in a second

 private:
  struct replica {
    replica(virtual_pod::options with, bool judged) : pod(std::move(with), judged ? &judge : nullptr) {}
    examiner judge;
    virtual_pod pod;
    std::size_t restarts = 0;
    std::uint64_t requests = 0;
    std::optional<moment> crash;
    bool hangs = false;
    bool serves = false;
    std::optional<moment> to_act_until;   ///< on the server that hangs
    bool told = false;                    ///< what its judge found
    std::size_t restarts_seen_serve = 0;  ///< of its restarts, those that it served or hung after
    bool out = false;                     ///< by podmedic's doing
    bool unhelped = false;                ///< it hangs after a restart
  };

  virtual_pod::options pod_options(int i);
  void happen(int i, moment now);
  void observe(int i, moment now);
  void watch_progress(replica& r, moment now);
  void count_requests(replica& r, moment now);
  void judge_fleet(int i, moment now);
  milliseconds turns_of_others() const;
  std::optional<moment> next_of(const replica& r) const;
  moment next_crash(moment after);

  const plan& plan_;
  const server_health& health_;
  options with_;
  api_server api_;
  course seen_;
  event_queue queue_;
  std::deque<replica> replicas_;
  policy::random_source random_;
  std::vector<broken_promise> broken_;
  int serving_ = 0;
  int out_ = 0;       ///< by podmedic's doing
  int unhelped_ = 0;  ///< hang after a restart, or did
  std::uint64_t lease_requests_ = 0;
  std::uint64_t api_requests_ = 0;
  std::vector<std::uint32_t> requests_by_second_;
};

/// How long the fleet gets to start, before anything goes wrong.
milliseconds lead_in(const plan& of);

}  // namespace podmedic::simulation
