#pragma once
#include "supervisor/policy/back_off.hpp"
#include "supervisor/policy/events.hpp"
#include "supervisor/policy/rules.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace podmedic::policy {

/// The reason of a refusal that nobody needs to be told of: the API is being asked just now.
inline constexpr std::string_view asking_for_turn = "AskingForTurn";

/// What a turn is needed for at the moment.
struct turn_need {
  bool leave = false;                      ///< the Pod is to leave traffic, or to stay out of it
  bool restart = false;                    ///< a restart is to begin: nothing else forbids it
  bool keep = false;                       ///< what it was taken for goes on
  std::string probe = {};                  ///< whose failure; empty for a request
  std::optional<instant> cool_until = {};  ///< after recovery it is kept until then
  std::set<std::string> unrecovered = {};  ///< probes for which this Pod was restarted without recovery
};

/// The right of one replica of a workload to leave traffic and be restarted, so that at most maxUnavailable are out by
/// podmedic's doing. There are as many slots, each a Lease. Who takes one holds it from leaving traffic through
/// recovery and a cool-down, across its own restart; it is known by its Pod's uid.
///
/// As in client-go's leader election, expiry is judged by how long a Lease did not change on the own clock, and a write
/// is refused where somebody else was faster. A holder's life is not at stake in its renewals: the Lease lasts for
/// longer than a restart may take, and a Pod that is gone frees it at once.
///
/// Once a slot is taken, what the others hold is read again where there are several, so that of two that took one at
/// the same time at least one sees the other.
class turn {
 public:
  void on(const event::place_asked&) { asking_for_place_ = true; }
  void on(const event::place_found& e, const rules& use, std::vector<any_action>& out);
  void on(const event::fleet_read& e, std::vector<any_action>& out, instant now);
  void on(const event::lease_read& e, const rules& use, std::vector<any_action>& out, instant now);
  void on(const event::lease_written& e, const rules& use, std::vector<any_action>& out, instant now);

  /// What to ask the API for now, if anything: one request at a time.
  void advance(const turn_need& need, const rules& use, random_source& random, std::vector<any_action>& out,
               instant now);

  /// Whether replicas take turns, as far as podmedic can see.
  bool in_force(const rules& use) const;
  /// Whether the Pod may be out of traffic by podmedic's doing.
  bool may_be_out(const rules& use, instant now) const;
  /// What forbids a restart for that probe (empty: a request).
  std::vector<refusal> refusals(const std::string& probe, const rules& use, instant now) const;
  std::optional<instant> wake_at(const turn_need& need, const rules& use, instant now) const;
  /// For people and /status: "off: …", "free", "held (slot 0)", or why it waits.
  std::string state(const rules& use, instant now) const;
  bool held(const rules& use, instant now) const;

 private:
  struct slot {
    lease seen;
    bool known = false;  ///< read, and not written since with an answer that was lost
    int read_in = 0;     ///< which look
    instant since{};     ///< when this version was first seen
    bool holder_is_gone = false;
    std::optional<instant> looked_for_holder;
    /// What was last written into its list. Where the API does not keep it, it is not written again and again.
    std::optional<std::map<std::string, unrecovered_replicas>> listed;
  };
  bool is_free(const slot& each, instant now) const;
  bool fresh(const slot& each) const { return each.known && each.read_in == look_; }
  void ask_lease(std::size_t index, std::vector<any_action>& out, instant now);
  void write(std::size_t index, lease wanted, std::vector<any_action>& out);
  lease record_for(std::size_t index, const turn_need& need, bool hold, const rules& use) const;
  bool lists_rightly(std::size_t index, const turn_need& need) const;
  void take(const turn_need& need, const rules& use, random_source& random, std::vector<any_action>& out, instant now);
  void keep_or_release(const turn_need& need, const rules& use, random_source& random, std::vector<any_action>& out,
                       instant now);
  bool look_again(std::vector<any_action>& out, instant now, bool slots_too);
  std::optional<diagnosis> why_not(const rules& use) const;
  void refuse(diagnosis why, random_source& random, instant now);
  void fell_silent(const api_silence& why, instant now);
  void answered();
  /// A denial counts once it has lasted: an API server that starts denies everything until it knows the Roles.
  void denied(const api_silence& why, const rules& use, std::vector<any_action>& out, instant now);
  std::optional<refusal> poison(const std::string& probe, const rules& use, instant now) const;
  void remember_unrecovered(const lease& seen, instant now);

  std::optional<own_place> place_;
  bool asking_for_place_ = false;
  bool may_come_ = false;
  std::string off_ = "not asked for";
  std::vector<slot> slots_;
  bool asked_ = false;  ///< an answer is outstanding
  std::optional<std::size_t> held_;
  instant renewed_at_{};
  std::optional<fleet_view> view_;
  std::set<std::string> said_not_seen_;
  std::optional<instant> judged_at_;  ///< held, and nothing spoke against leaving
  int view_read_in_ = 0;
  int look_ = 0;  ///< the latest: what an earlier one has read may be older than the own last write
  bool looking_ = false;
  instant next_look_{};
  std::optional<diagnosis> why_;
  std::set<std::string> own_unrecovered_;  ///< as turn_need::unrecovered
  std::optional<instant> denied_since_;
  bool seen_ = false;  ///< a Lease has been read in this life: the right was there
  std::optional<instant> silent_since_;
  std::string silence_;
  milliseconds pause_{0};
  instant not_before_{};
  /// When each of the replicas whose restart did not help was first seen to be listed, by probe.
  std::map<std::pair<std::string, std::string>, instant> unrecovered_seen_;
};

/// How long a Lease must not change for its holder to be gone for good: longer than anything that podmedic does with
/// it.
milliseconds lease_duration(const rules& use);

}  // namespace podmedic::policy
