#pragma once
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What the user asked for, as plain values: the part of the configuration that decisions rest on.
namespace podmedic::policy {

using std::chrono::minutes;
using std::chrono::seconds;

enum class mode { observe, enforce };
/// What a failing probe asks for.
enum class remedy { observe, drain, restart_container, restart_all_containers };
/// Where a failing probe leaves the Pod while it waits for its turn.
enum class waiting { unready, in_service };
/// How far podmedic may climb by itself where restarts do not lead to recovery: each step allows those before it.
enum class escalation { hold, restart_all_containers, evict };
/// What to do where the kubelet does not have RestartAllContainers.
enum class fallback { observe, signal_all, evict };
enum class holding { in_service, unready };
enum class on_api_unavailable { wait, proceed };
enum class on_unreachable { wait, proceed };

struct probe_rules {
  std::string name;
  std::string container;      ///< whose illness it sees; empty in a Pod with a single other container
  int failure_threshold = 3;  ///< consecutive failures, from 1
  int success_threshold = 1;  ///< consecutive passes that end an illness, from 1
  remedy on_failure = remedy::restart_all_containers;
  waiting while_waiting = waiting::unready;
};

inline bool wants_restart(const probe_rules& probe) {
  return probe.on_failure == remedy::restart_all_containers || probe.on_failure == remedy::restart_container;
}

/// When a restart may follow the last one: decorrelated jitter, each wait between the last one and three times it,
/// from base up to cap.
struct back_off_rules {
  milliseconds base = seconds(10);
  milliseconds cap = seconds(600);
};

/// How many restarts any window of time may see, of all scopes together.
struct budget_rules {
  int restarts = 5;
  milliseconds window = seconds(3600);
};

struct warm_up_rules {
  milliseconds maximum = seconds(900);
  bool learn = true;  ///< shorten it to 1.5 times the longest of the last eight, once three are known
  /// Learning does not shorten it below this: what starts in a moment on a quiet node may not on a busy one.
  milliseconds least_learned = seconds(30);
};

struct drain_rules {
  milliseconds timeout = seconds(30);  ///< caps the whole drain, hooks too
  milliseconds settle = seconds(2);    ///< from leaving readiness to the first look at what is in flight
  std::vector<std::uint16_t> in_flight_ports;
};

/// SIGTERM to the other containers before podmedic exits with the restart code, for those that need more than the two
/// seconds which the kubelet gives them then.
struct graceful_stop_rules {
  milliseconds timeout{0};                   ///< caps the whole of it; 0: none
  milliseconds wedged_timeout = seconds(1);  ///< of these, for a container that most likely does not heed it
};

struct success_rules {
  milliseconds stable = seconds(60);  ///< all probes have passed, and all bounds held, for so long: recovered
  /// Names of metrics that have to keep their bounds as well. Which they are is the shell's to know.
  std::vector<std::string> metrics;
};

/// One replica at a time: how many of a workload may be out of traffic by podmedic's doing, and when.
struct fleet_rules {
  bool asked_for = false;   ///< the user named it: it holds although it cannot be seen yet
  int max_unavailable = 1;  ///< from 1; as many Leases
  int min_available = 1;    ///< other endpoints that must serve
  std::string service;      ///< whose endpoints; empty: all Services' that select the Pod
  std::string workload;     ///< whose replicas take turns; empty: the Pod's owner
  milliseconds cool_down = seconds(60);

  bool operator==(const fleet_rules&) const = default;
};

/// Somebody outside who must speak for a restart before one starts. How to ask is the shell's to know.
struct precondition_rules {
  /// Whom and for what, canonical. Empty: the configuration has a mistake there, so it never holds.
  std::string asked;
  on_unreachable silence = on_unreachable::wait;  ///< what no answer means

  bool operator==(const precondition_rules&) const = default;
};

/// "Mon-Fri 02:00-05:00" in UTC, as minutes of the week from Monday 00:00; end is exclusive and may be before begin
/// (the window then crosses the end of the week).
struct window {
  int begin_minute = 0;
  int end_minute = 0;

  bool operator==(const window&) const = default;
};

struct rules {
  mode in_mode = mode::observe;
  std::optional<wall_time> paused_until;
  std::vector<probe_rules> probes;
  back_off_rules back_off;
  budget_rules budget;
  warm_up_rules warm_up;
  drain_rules drain;
  graceful_stop_rules graceful_stop;
  success_rules success;
  fleet_rules fleet;
  escalation escalate = escalation::hold;
  fallback without_support = fallback::observe;
  holding hold = holding::in_service;
  std::vector<window> windows;                    ///< restarts only in these; empty: always
  std::vector<precondition_rules> preconditions;  ///< all must hold
  on_api_unavailable api_unavailable = on_api_unavailable::wait;
  /// How long a target that answers "no" may be closing down on the kubelet's order before that counts as confirmed:
  /// the Pod's terminationGracePeriodSeconds.
  milliseconds closing_grace = seconds(30);
  /// How long the containers behind podmedic may be held back, from the start; 0: not at all.
  milliseconds startup_maximum = seconds(20);
  /// Restarts without recovery before escalation (design: three).
  int unrecovered_limit = 3;
};

}  // namespace podmedic::policy
