#pragma once
#include "supervisor/simulation/virtual_pod.hpp"

#include <span>

/// design.md's invariants of one Pod, judged from outside: by what the virtual world saw, never by what the medic
/// believes. (8 is the fleet's.)
namespace podmedic::simulation {

/// What is being judged.
enum class occasion {
  birth,
  step,   ///< the medic decided
  drain,  ///< a step of the way to a restart begins
  diagnose,
  commit,
  quiesce,  ///< from here on processes are stopped: the point of no return
  restart,
  exit,      ///< podmedic has begun to end processes; where it ends none, it is gone with the code
  evict,     ///< the API is asked to evict the Pod
  tail_end,  ///< a calm world with a server that hangs was left alone for the bound of invariant 12
};

/// What the world knows to be true.
struct facts {
  const virtual_pod* pod = nullptr;
  occasion now = occasion::step;

  struct probe {
    policy::probe_rules rules;
    health last = health::cannot_be_asked;
    int fails = 0;                ///< since its container started
    int passes = 0;               ///< in a row
    bool fails_now = false;       ///< the last check that learned something failed
    bool forbids = false;         ///< it said in this life that a restart makes it worse, and was not judged since
    bool passed = false;          ///< since its container started
    bool starts_with_pod = true;  ///< its container's next start is one of the whole Pod
    bool start_unseen = false;    ///< its container started anew by itself, and podmedic could not see it
    bool stale = true;            ///< not checked since its container, or podmedic, started
  };
  std::vector<probe> probes;

  struct restart {
    moment at;
    milliseconds wait;
    bool calm_before;  ///< all went well for a full cap, at some time since the restart before
  };
  std::vector<restart> restarts;                  ///< since the last loss of the ledger
  std::optional<policy::restart_record> written;  ///< on disk when the point of no return was reached
  std::optional<moment> well_since;               ///< no check failed: recovery is possible
  std::optional<moment> surely_well_since;        ///< every check passed: recovery is certain
  bool surely_recovered = false;                  ///< the success condition holds without doubt
  int unrecovered = 0;                            ///< restarts since recovery was last possible
  int unrecovered_of_all = 0;                     ///< of these, of all containers
  int intended_unrecovered = 0;                   ///< commits since recovery was last certain and written down
  bool calm = false;                              ///< it was so for a full cap, since the last restart
  std::optional<moment> lost_at;                  ///< podmedic found its ledger lost
  std::optional<moment> unwritable_at;            ///< in this life
  bool stood_down = false;                        ///< in this life
  std::vector<moment> abnormal_ends;              ///< of lives that the ledger tells of
  std::vector<moment> intentions;  ///< to restart or evict, from when the ledger knows: they take a place in the budget
  bool rebooted = false;           ///< so what is past may look younger to podmedic
  std::optional<moment> asked_to_evict_at;       ///< the last time
  std::optional<moment> preconditions_held_at;   ///< when they were asked that held last, and refused not since
  std::optional<moment> preconditions_heard_at;  ///< when they were asked last that were not silent
  bool preconditions_are_silent = false;         ///< the last time
  bool evicting = false;                         ///< the commit that was begun is an eviction's
  bool by_signals = false;                       ///< how they are stopped
  std::string stopped;                           ///< the scope whose processes are stopped: "Pod", or a container
  std::optional<instant> drain_began;
  std::optional<occasion> stage;  ///< the last step of the way to a restart
  bool out_of_order = false;      ///< a step began that did not follow from the last
  bool obstacle_told = false;     ///< a diagnosis forbade a restart
  /// Since when, in one life of podmedic, the Pod is in traffic though a container is as the Drain hooks made it; or
  /// since Cancelled hooks failed.
  std::optional<moment> drained_in_traffic_since;
  bool last_write_failed = false;
  bool drain_forgotten = false;  ///< the write that told of it failed, and podmedic ended before another one
  bool anything_lost = false;    ///< a write was lost, so podmedic may have forgotten a recovery
  moment tail_began{};
  std::size_t acts_before_tail = 0;  ///< restarts, and evictions asked for
};

inline std::size_t acts(const virtual_pod& pod) {
  return pod.restarts().size() + static_cast<std::size_t>(pod.evictions_asked());
}

/// A sentence of the contract, and its judge: how it was broken, or nothing.
struct invariant {
  int number;
  std::string_view sentence;
  std::optional<std::string> (*broken)(const facts&);
};
std::span<const invariant> invariants();

struct violation {
  int number;
  std::string what;  ///< the sentence, and how it was broken
};

/// How long a confirmed failure may take until the restart's exit in a calm world (invariant 12): what is under way
/// ends, warm-up, detection, the longest wait, and the way to the exit.
milliseconds progress_bound(const virtual_pod& pod);

/// Watches one Pod and judges every occasion.
class examiner : public watcher {
 public:
  const std::optional<violation>& found() const { return found_; }
  const facts& known() const { return f_; }

  void life_began(const virtual_pod& pod) override;
  void life_ended(const virtual_pod& pod) override;
  void checked(const virtual_pod& pod, const std::string& name, health found) override;
  void container_started(const virtual_pod& pod, const std::string& name) override;
  void stepped(const virtual_pod& pod) override;
  void performing(const virtual_pod& pod, const policy::any_action& a) override;
  void committed(const virtual_pod& pod, bool durably) override;
  void saved(const virtual_pod& pod, bool durably) override;
  void preconditions_answer(const virtual_pod& pod, moment asked,
                            policy::event::preconditions_answered::answer found) override;
  void exited(const virtual_pod& pod) override;
  void replaced(const virtual_pod& pod) override;

  // What the world does, told before it does it.
  void will_stand_down() { f_.stood_down = true; }
  void will_reboot();
  void will_find_obstacle() { f_.obstacle_told = true; }
  void will_lose_a_write() { f_.anything_lost = true; }
  /// From here on until tail_ended() the world is calm, all servers hang, and restarts are allowed.
  void tail_begins(const virtual_pod& pod) {
    f_.tail_began = pod.now();
    f_.acts_before_tail = acts(pod);
  }
  void tail_ended(const virtual_pod& pod) { judge(pod, occasion::tail_end); }

 private:
  void judge(const virtual_pod& pod, occasion now);
  void watch_recovery(const virtual_pod& pod);
  static bool stops_gracefully(const virtual_pod& pod);  ///< before an exit with the code
  void count_restart(const virtual_pod& pod, moment when);
  void begin(const virtual_pod& pod, occasion step, std::optional<occasion> after);

  facts f_;
  std::optional<violation> found_;
};

}  // namespace podmedic::simulation
