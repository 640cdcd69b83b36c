#pragma once
#include "supervisor/policy/medic.hpp"
#include "supervisor/rehearsal/restart_semantics.hpp"
#include "supervisor/simulation/api_server.hpp"
#include "supervisor/simulation/moment.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// A Pod in virtual time around the real policy: the shell that carries out the medic's actions, the disk, the kubelet
/// and the containers' servers. Deterministic: the same options and calls give the same history.
namespace podmedic::simulation {

/// What a check of a server finds.
enum class health {
  passes,
  hangs,
  says_no,
  cannot_be_asked,
  forbids_restart,  ///< cannot be judged, and a restart would make it worse
};
verdict to_verdict(health found);

/// The main process of one container.
struct server {
  std::string container;
  milliseconds start_up{2000};                                ///< it says no for so long after each start
  std::function<health(moment now, moment started)> behaves;  ///< asked by each check after that
  /// Until when `behaves` says the same, after `now`.
  std::function<moment(moment now, moment started)> steady_until = {};
};

/// How long things take. The kubelet's are platform.md's.
struct timings {
  milliseconds check_period{2000};
  milliseconds check_timeout{0};    ///< a check of a server that hangs ends so much later
  milliseconds confirm_after{100};  ///< a check out of turn
  milliseconds drain{2000};
  milliseconds diagnose{100};
  milliseconds commit{5};
  milliseconds quiesce{1000};
  milliseconds evict{200};
  milliseconds preconditions{50};      ///< until all have answered
  milliseconds write_and_exit{5};      ///< each half of action::restart
  milliseconds pod_again{1700};        ///< from the exit with the code to podmedic's next life
  milliseconds podmedic_again{1000};   ///< from any other end of podmedic to its next life
  milliseconds containers_after{700};  ///< from podmedic's start to the others' start, where all start anew
  milliseconds container_again{1000};  ///< from the end of one that podmedic ended to its start, beside the back-off
};

/// What becomes of one write of the ledger.
enum class write_fault {
  none,
  fails,              ///< with an error; the old ledger stays
  fails_but_written,  ///< with an error, and yet the new one is there
  fails_torn,         ///< with an error; what is there is a piece of the new one
  lost,               ///< without an error, for a write that nothing waits for; otherwise as `fails`
};

/// What the API says to an eviction.
enum class eviction {
  granted,  ///< podmedic hears of the Pod's end a moment later, and another Pod takes its place
  refused,  ///< a PodDisruptionBudget
  lost,     ///< no answer
};

class virtual_pod;

/// Sees everything that happens in a virtual Pod, at the moment it does.
class watcher {
 public:
  virtual ~watcher() = default;
  virtual void life_began(const virtual_pod&) {}
  virtual void life_ended(const virtual_pod&) {}  ///< before it is gone
  virtual void checked(const virtual_pod&, const std::string& /*probe*/, health /*found*/) {
  }  ///< before podmedic hears it
  virtual void container_started(const virtual_pod&, const std::string& /*container*/) {}
  virtual void stepped(const virtual_pod&) {}  ///< the medic decided; nothing is carried out yet
  virtual void performing(const virtual_pod&, const policy::any_action&) {}
  virtual void committed(const virtual_pod&, bool /*durably*/) {}
  virtual void saved(const virtual_pod&, bool /*durably*/) {}  ///< a write that nobody waits for
  virtual void preconditions_answer(const virtual_pod&, moment /*asked*/,
                                    policy::event::preconditions_answered::answer) {
  }  ///< all the same; before podmedic hears it
  virtual void exited(const virtual_pod&) {}    ///< with the restart code, before life_ended
  virtual void replaced(const virtual_pod&) {}  ///< evicted: another Pod took its place, with nothing that it knew
};

/// Wrong turns of the world or of the medic, to prove that those who check notice. Empty: none.
struct meddling {
  std::function<void(policy::medic::beginning&)> birth;
  std::function<bool(policy::any_event&)> event;    ///< may change it; false: the medic does not hear of it
  std::function<bool(policy::any_action&)> action;  ///< may change it; false: it is not carried out
  bool commits_nothing = false;                     ///< says that the ledger is on disk without writing it
};

class virtual_pod {
 public:
  struct options {
    policy::rules use;
    std::vector<server> servers;
    timings takes;
    bool sees_processes = true;  ///< podmedic sees starts and ages of the others' processes
    bool honoured = true;        ///< the kubelet restarts all containers when podmedic exits with the code
    std::uint64_t seed = 1;
    int births_through_text = 1;   ///< an intact ledger is read from its text at every so manieth birth, else copied
    milliseconds first_check{10};  ///< from podmedic's start to the first probe's first check; each next so much later
    std::size_t most_notices = 1'000'000;  ///< the last ones are kept
    /// Checks that cannot change anything: those that find what the ones before them found, in a Pod where only time
    /// can decide what comes next. Needs server::steady_until.
    bool leaves_out_checks = false;
    api_server* api = nullptr;  ///< outlives the Pod: replicas take turns; null: there is no fleet to see
    int replica = 0;            ///< who it is there
    milliseconds api_latency{20};
    meddling meddle;
  };
  struct told {
    moment at;
    policy::action::notice what;
  };
  struct disk_content {
    std::optional<policy::ledger> book;  ///< written and intact; as an object, to spare the text where nothing tears it
    std::string text;                    ///< what is there instead
    bool none() const { return !book && text.empty(); }
  };

  /// The world begins with the start of all containers.
  explicit virtual_pod(options with, watcher* watched_by = nullptr);

  // Time.
  moment now() const { return now_; }
  instant boot_now() const { return at_boot(now_); }
  wall_time wall_now() const { return wall_time(now_ + wall_offset_); }
  /// When the next thing happens by itself.
  std::optional<moment> next() const;
  /// Lets all happen that happens by itself within that time.
  void advance(milliseconds by);

  // What a world does to a Pod.
  void kill_podmedic();
  /// SIGKILL just before the action after so many more.
  void kill_podmedic_after(int actions) { actions_to_live_ = actions; }
  void reboot_node(milliseconds down);
  void jump_wall_clock(milliseconds by) { wall_offset_ += by; }
  void restart_container(const std::string& name, milliseconds down);
  void edit(policy::rules use);
  void tell(policy::any_event happened) { deliver(std::move(happened)); }
  void set_takes(const timings& takes) { options_.takes = takes; }
  void set_honoured(bool honoured) { options_.honoured = honoured; }
  void next_write(write_fault fault) { write_fault_ = fault; }
  void set_preconditions(policy::event::preconditions_answered::answer are) { preconditions_are_ = are; }
  void set_evictions(eviction are) { evictions_are_ = are; }
  void next_drain_aborts() { drain_aborts_ = true; }
  void next_undo_fails() { undo_fails_ = true; }  ///< a Cancelled hook
  void next_diagnosis_finds_an_obstacle() { obstacle_ = true; }
  void replace_ledger(std::string text) { disk_ = {std::nullopt, std::move(text)}; }
  void tear_ledger(double kept);  ///< the part of its text that stays, in [0, 1)

  // What there is to see.
  const policy::medic* medic() const { return medic_.get(); }
  const policy::rules& rules() const { return options_.use; }
  const options& with() const { return options_; }
  const disk_content& disk() const { return disk_; }
  std::string boot_id() const { return "boot " + std::to_string(boot_); }
  bool ready() const { return medic_ != nullptr && ready_; }
  /// A container that runs now heard the Drain hooks, and no Cancelled hook since.
  bool drained() const;
  bool left_traffic() const { return medic_ != nullptr && !ready_; }  ///< by podmedic's own readiness
  bool busy() const { return under_way_.has_value(); }                ///< draining, or whatever follows it
  moment exit_began() const { return exit_began_; }                   ///< when the last action::restart was begun
  moment life_began() const { return life_began_; }
  policy::book_found found() const { return found_; }
  moment started(const std::string& container) const;
  milliseconds start_up(const std::string& container) const;
  /// How long the kubelet makes a container wait at most that has ended, or ends next (CrashLoopBackOff).
  milliseconds longest_back_off() const;
  const std::vector<told>& notices() const { return notices_; }
  const std::vector<moment>& restarts() const { return restarts_; }  ///< by podmedic
  int restarts_alone() const { return restarts_alone_; }             ///< of these, of one container
  int restarts_by_signals() const { return by_signals_; }            ///< of these, of all containers by signals
  int evictions_asked() const { return evictions_asked_; }
  int evictions_granted() const { return evictions_granted_; }
  int count_of(std::string_view reason) const;            ///< notices
  std::uint64_t published() const { return published_; }  ///< notices that became Events
  bool serves() const;                                    ///< all servers answer well, and podmedic lets them
  bool hangs() const;                                     ///< a server that has started does not answer
  /// When serves() or hangs() changes next by time alone; only of servers that say until when they stay the same.
  std::optional<moment> changes_at() const;
  milliseconds out_of_traffic() const { return unready_; }  ///< by podmedic's own readiness

 private:
  /// Half of the latency on its way, half of it for the answer.
  struct sent_request {
    api_request asked;
    moment due;
    std::optional<policy::any_event> answer;
  };
  enum class operation { drain, diagnose, commit, quiesce, write, exit, evict, be_replaced };
  struct started_operation {
    operation what;
    moment due;
  };
  struct container {
    server runs;
    bool up = false;
    bool drained = false;        ///< it heard the Drain hooks, and no Cancelled hook since
    bool after_podmedic = true;  ///< starts after podmedic's start, else at up_at
    moment up_at{};
    moment started{};
    std::optional<moment> ends_at = std::nullopt;  ///< podmedic's SIGTERM has reached it
    rehearsal::crash_back_off back_off = {};
  };
  struct probe {
    std::string name;
    std::size_t container;
    moment due;
    moment began{};      ///< the last check; the next ones come in whole periods after it
    bool waits = false;  ///< a check of a server that hangs is under way
    bool rests = false;  ///< checks are left out
    health last = health::cannot_be_asked;
    int same = 0;  ///< checks in a row that found this
    moment same_since{};
  };

  instant at_boot(moment when) const { return instant(when - boot_began_); }
  void happen();
  void begin_life();
  void end_life(milliseconds again_after);
  policy::medic::beginning beginning_of_life();
  policy::fate fate_of(const policy::restart_record* last) const;
  void start(container& c);
  void end(container& c);
  void end_soon(const std::string& name);  ///< empty: all
  void stop_gracefully();
  void all_start_anew();
  void check(probe& p);
  moment check_at(const probe& p, moment when) const;
  void check_anew(const container& c);
  std::optional<moment> checks_decide_nothing_until() const;
  void rest_or_resume();
  void deliver(policy::any_event happened);
  bool doomed();
  void perform(policy::any_action& a);
  void begin(operation what, milliseconds takes) { under_way_ = {what, now_ + takes}; }
  void finish(operation what);
  std::optional<std::string> write(bool awaited);
  void exit_with_code();
  void undo_drain();
  void answer_preconditions();
  void send(api_request asked);
  void hear_from_api();
  void answer_eviction();
  void be_replaced();

  options options_;
  watcher* watcher_;
  std::unique_ptr<policy::medic> medic_;
  std::vector<container> containers_;
  std::vector<probe> probes_;
  disk_content disk_;
  moment now_{};
  moment boot_began_{-3'600'000};
  int boot_ = 1;
  milliseconds wall_offset_{1'800'000'000'000};
  moment podmedic_up_at_{};
  moment life_began_{};
  moment exit_began_{};
  bool exited_with_code_ = false;
  int births_ = 0;
  policy::book_found found_ = policy::book_found::first_life;
  std::optional<moment> wake_;
  std::optional<started_operation> under_way_;
  std::optional<sent_request> request_;
  moment preconditions_asked_{};
  std::optional<moment> preconditions_due_;
  int generation_ = 0;
  std::vector<policy::any_event> answers_;  ///< to actions that the shell carries out at once
  std::optional<int> actions_to_live_;
  write_fault write_fault_ = write_fault::none;
  bool drain_aborts_ = false;
  bool undo_fails_ = false;
  bool obstacle_ = false;
  bool ready_ = true;
  moment unready_since_{};
  milliseconds unready_{0};
  std::vector<told> notices_;
  std::uint64_t published_ = 0;
  std::vector<moment> restarts_;
  int restarts_alone_ = 0;
  int by_signals_ = 0;
  int evictions_asked_ = 0;
  int evictions_granted_ = 0;
  eviction evictions_are_ = eviction::granted;
  policy::event::preconditions_answered::answer preconditions_are_ =
      policy::event::preconditions_answered::answer::holds;
};

}  // namespace podmedic::simulation
