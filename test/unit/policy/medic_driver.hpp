#pragma once
#include "supervisor/policy/medic.hpp"

#include <string>
#include <vector>

/// Drives a medic by hand: one event after the other, and what it does as short words. A notice is its reason; other
/// actions are [in brackets]. That the ledger is tried is answered at once, and not shown.
namespace podmedic::policy::test {

inline std::string word_of(const any_action& a) {
  struct {
    std::string operator()(const action::set_ready& r) const { return r.ready ? "[ready]" : "[unready]"; }
    std::string operator()(const action::confirm& c) const { return "[check " + c.probe + "]"; }
    std::string operator()(const action::begin_drain&) const { return "[drain]"; }
    std::string operator()(const action::cancel_drain& c) const {
      return c.with_hooks ? "[stop, with hooks]" : "[stop]";
    }
    std::string operator()(const action::undo_drain&) const { return "[undo drain]"; }
    std::string operator()(const action::begin_diagnose&) const { return "[diagnose]"; }
    std::string operator()(const action::commit&) const { return "[commit]"; }
    std::string operator()(const action::try_ledger&) const { return "[try ledger]"; }
    std::string operator()(const action::begin_quiesce&) const { return "[quiesce]"; }
    std::string operator()(const action::restart&) const { return "[restart]"; }
    std::string operator()(const action::evict&) const { return "[evict]"; }
    std::string operator()(const action::read_fleet&) const { return "[read fleet]"; }
    std::string operator()(const action::read_lease&) const { return "[read lease]"; }
    std::string operator()(const action::write_lease&) const { return "[write lease]"; }
    std::string operator()(const action::ask_preconditions&) const { return "[ask preconditions]"; }
    std::string operator()(const action::read_success_metrics&) const { return "[read metrics]"; }
    std::string operator()(const action::save&) const { return "[save]"; }
    std::string operator()(const action::run_recovered_hooks&) const { return "[recovered hooks]"; }
    std::string operator()(const action::notice& n) const { return n.reason; }
    std::string operator()(const action::answer& n) const { return n.accepted ? "[yes]" : "[no]"; }
  } words;
  return std::visit(words, a);
}

using words = std::vector<std::string>;

/// A step, and what follows at once where it tries the ledger (which is not among the actions): that `error` kept it
/// off the disk, or that it is there.
inline std::vector<any_action> step_with_disk(medic& of, const any_event& e, instant now, wall_time wall,
                                              const std::optional<std::string>& error = {}) {
  std::vector<any_action> all = of.step(e, now, wall);
  const auto tries = [](const any_action& a) { return std::holds_alternative<action::try_ledger>(a); };
  if (std::erase_if(all, tries) == 0) return all;
  for (any_action& a : of.step(event::ledger_tried{error}, now, wall)) all.push_back(std::move(a));
  return all;
}

class driver {
 public:
  static constexpr instant beginning{std::chrono::hours(1)};

  /// A Pod with one server, in Enforce: three failures in a row, back-off from 10 s to 100 s, five restarts an hour,
  /// 60 s of warm-up, stable after 20 s, 30 s of grace.
  static rules usual() {
    rules r;
    r.in_mode = mode::enforce;
    r.probes = {{.name = "engine", .container = "engine"}};
    r.back_off = {.base = seconds(10), .cap = seconds(100)};
    r.budget = {.restarts = 5, .window = seconds(3600)};
    r.warm_up = {.maximum = seconds(60), .learn = false};
    r.success.stable = seconds(20);
    r.closing_grace = seconds(30);
    return r;
  }

  explicit driver(rules use = usual()) : driver(medic::beginning{.use = std::move(use), .book = {}, .damage = {}}) {}
  explicit driver(medic::beginning from, instant at = beginning) : medic_(std::move(from), at), now_(at) {
    feed(event::tick{});
    first_ = last_;
  }

  words feed(const any_event& e) {
    last_ = step_with_disk(medic_, e, now_, wall_, cannot_write_);
    words all;
    for (const any_action& a : last_) all.push_back(word_of(a));
    return all;
  }
  /// From now on each try of the ledger fails so; nothing: it works.
  void ledger_error(std::optional<std::string> error) { cannot_write_ = std::move(error); }
  words passes(const std::string& probe = "engine") { return feed(event::check_done{probe, pass{}}); }
  words hangs(const std::string& probe = "engine") {
    return feed(event::check_done{probe, fail{{"DeadlineExceeded", "no answer within 1 s"}, false}});
  }
  words says_no(const std::string& probe = "engine") {
    return feed(event::check_done{probe, fail{{"Refused", "connection refused"}, true}});
  }
  words cannot_be_asked(const std::string& probe = "engine") {
    return feed(event::check_done{probe, unknown{{"NoProcess", "nobody there"}}});
  }
  words would_harm(const std::string& probe) {
    return feed(event::check_done{probe, unknown{{"HalfRotated", "certificate and key do not match"}, true}});
  }
  words edit(rules use) { return feed(event::rules_changed{std::move(use)}); }
  words request(const std::string& id = {}) {
    return feed(event::restart_requested{.reason = "new weights", .by = "kim", .id = id});
  }
  void later(milliseconds by) {
    now_ += by;
    wall_ += by;
  }
  /// Passes every second for so long; the last step's words.
  words passes_for(milliseconds span) {
    words last;
    for (milliseconds done{0}; done < span; done += seconds(1)) {
      later(seconds(1));
      last = passes();
    }
    return last;
  }

  // Shortcuts to a phase, from a beginning.
  void to_watching() { passes(); }
  void to_waiting_or_drain() {  ///< confirmed; drains where nothing forbids it
    to_watching();
    fail_until_confirmed();
  }
  void fail_until_confirmed() {
    for (int i = 0; i < 3; ++i) {
      later(seconds(1));
      hangs();
    }
    later(milliseconds(100));
    hangs();
  }
  void to_quiescing() {
    to_waiting_or_drain();
    later(seconds(2));
    feed(event::drained{});
  }
  void to_commit() {
    to_quiescing();
    later(milliseconds(100));
    feed(event::diagnosed{});
  }
  void to_exit() {
    to_commit();
    feed(event::committed{});
    later(seconds(1));
    feed(event::quiesced{});
  }
  /// The Pod's next life, some seconds after the exit.
  driver next_life(fate last = fate::restarted) const {
    driver next(
        {.use = medic_.use(), .book = medic_.book(), .found = book_found::sound, .damage = {}, .last_restart = last},
        now_ + seconds(2));
    next.feed(event::container_started{"engine", last == fate::unchanged ? beginning : now_ + seconds(3)});
    return next;
  }

  /// The message of the last step's notice with that reason; empty where there is none.
  std::string message_of(std::string_view reason) const { return message_in(last_, reason); }
  words first_words() const {
    words all;
    for (const any_action& a : first_) all.push_back(word_of(a));
    return all;
  }
  std::string first_message_of(std::string_view reason) const { return message_in(first_, reason); }
  std::string answer() const {
    for (const any_action& a : last_) {
      if (const auto* said = std::get_if<action::answer>(&a)) return said->message;
    }
    return {};
  }
  const medic& in() const { return medic_; }
  medic& of() { return medic_; }
  instant now() const { return now_; }
  wall_time wall() const { return wall_; }

 private:
  static std::string message_in(const std::vector<any_action>& all, std::string_view reason) {
    for (const any_action& a : all) {
      const auto* told = std::get_if<action::notice>(&a);
      if (told != nullptr && told->reason == reason) return told->message;
    }
    return {};
  }

  medic medic_;
  instant now_;
  wall_time wall_{std::chrono::hours(500'000)};
  std::optional<std::string> cannot_write_;
  std::vector<any_action> last_;
  std::vector<any_action> first_;
};

}  // namespace podmedic::policy::test
