#pragma once
#include "supervisor/policy/medic.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// A Pod in virtual time around the real policy: the shell that carries out the medic's actions, the disk, the kubelet
/// and the containers' servers. Deterministic: the same options and calls give the same history. Only restarts of the
/// whole Pod are carried out: give it no probe with remedy::restart_container.
namespace podmedic::test {

/// Time since the virtual world began. No reboot of the node and no jump of the wall clock touches it.
using moment = milliseconds;

/// What a check of a server finds.
enum class health { passes, hangs, says_no, cannot_be_asked };
verdict to_verdict(health found);

/// The main process of one container.
struct server {
  std::string container;
  milliseconds start_up{2000};                                ///< it says no for so long after each start
  std::function<health(moment now, moment started)> behaves;  ///< asked by each check after that
};

/// How long things take. The kubelet's are platform.md's.
struct timings {
  milliseconds check_period{2000};
  milliseconds confirm_after{100};  ///< a check out of turn
  milliseconds drain{2000};
  milliseconds diagnose{100};
  milliseconds commit{5};
  milliseconds quiesce{1000};
  milliseconds write_and_exit{5};      ///< each half of action::restart
  milliseconds pod_again{1700};        ///< from the exit with the code to podmedic's next life
  milliseconds podmedic_again{1000};   ///< from any other end of podmedic to its next life
  milliseconds containers_after{700};  ///< from podmedic's start to the others' start, where all start anew
};

/// What becomes of one write of the ledger.
enum class write_fault {
  none,
  fails,              ///< with an error; the old ledger stays
  fails_but_written,  ///< with an error, and yet the new one is there
  fails_torn,         ///< with an error; what is there is a piece of the new one
  lost,               ///< without an error, for a write that nothing waits for; otherwise as `fails`
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
  virtual void exited(const virtual_pod&) {}  ///< with the restart code, before life_ended
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
    int births_through_text = 1;  ///< an intact ledger is read from its text at every so manieth birth, else copied
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
  void next_drain_aborts() { drain_aborts_ = true; }
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
  bool busy() const { return under_way_.has_value(); }  ///< draining, or whatever follows it
  moment exit_began() const { return exit_began_; }     ///< when the last action::restart was begun
  moment life_began() const { return life_began_; }
  policy::book_found found() const { return found_; }
  moment started(const std::string& container) const;
  milliseconds start_up(const std::string& container) const;
  const std::vector<told>& notices() const { return notices_; }
  const std::vector<moment>& restarts() const { return restarts_; }  ///< of the whole Pod, by podmedic
  int count_of(std::string_view reason) const;                       ///< notices
  milliseconds out_of_traffic() const { return unready_; }           ///< by podmedic's own readiness

 private:
  enum class operation { drain, diagnose, commit, quiesce, write, exit };
  struct started_operation {
    operation what;
    moment due;
  };
  struct container {
    server runs;
    bool up = false;
    bool after_podmedic = true;  ///< starts after podmedic's start, else at up_at
    moment up_at{};
    moment started{};
  };
  struct probe {
    std::string name;
    std::size_t container;
    moment due;
  };

  instant at_boot(moment when) const { return instant(when - boot_began_); }
  void happen();
  void begin_life();
  void end_life(milliseconds again_after);
  policy::medic::beginning beginning_of_life();
  policy::fate fate_of(const policy::restart_record* last) const;
  void start(container& c);
  void check(probe& p);
  void deliver(policy::any_event happened);
  bool doomed();
  void perform(policy::any_action& a);
  void begin(operation what, milliseconds takes) { under_way_ = {what, now_ + takes}; }
  void finish(operation what);
  std::optional<std::string> write(bool awaited);
  void exit_with_code();

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
  std::optional<int> actions_to_live_;
  write_fault write_fault_ = write_fault::none;
  bool drain_aborts_ = false;
  bool obstacle_ = false;
  bool ready_ = true;
  moment unready_since_{};
  milliseconds unready_{0};
  std::vector<told> notices_;
  std::vector<moment> restarts_;
};

}  // namespace podmedic::test
