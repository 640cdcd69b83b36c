// design.md's invariants on random histories: a Pod in a virtual world that does to it whatever a world may do. The
// same histories at each run, so that a failure is by the last change; PODMEDIC_SEED=<seed> explores others, and
// repeats what it finds, PODMEDIC_SEQUENCES=<number> changes the length.
#include "supervisor/simulation/policy_invariants.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <sstream>

namespace podmedic::simulation {
namespace {

using policy::phase;
using std::chrono::hours;
using std::chrono::seconds;

constexpr std::size_t moves_in_a_sequence = 200;

enum class kind {
  time_passes,
  long_time_passes,
  server_changes,
  container_restarts,
  podmedic_dies,
  podmedic_will_die,
  node_reboots,
  wall_clock_jumps,
  mode_edited,
  pause_edited,
  restart_requested,
  stood_down,
  write_fails,
  ledger_damaged,
  support_changes,
  drain_will_abort,
  obstacle_appears,
  times_change,
  evictions_change,
  preconditions_change,
  not_honoured,
  last = not_honoured
};
constexpr std::array<std::string_view, static_cast<std::size_t>(kind::last) + 1> kind_names{
    "time passes",       "long time passes", "server changes",   "container restarts", "podmedic dies",
    "podmedic will die", "node reboots",     "wall clock jumps", "mode edited",        "pause edited",
    "restart requested", "stood down",       "write fails",      "ledger damaged",     "support changes",
    "drain will abort",  "obstacle appears", "times change",     "evictions change",   "preconditions change",
    "not honoured"};
/// How often each comes, of their sum.
constexpr std::array<int, kind_names.size()> weights{440, 45, 150, 30, 20, 35, 6,  15, 40, 25, 20,
                                                     2,   25, 4,   12, 8,  3,  15, 10, 30, 2};

/// One thing that the world does. What `amount` means depends on the kind.
struct move {
  kind what;
  std::uint32_t amount;
};
void showValue(const move& m, std::ostream& to) {
  to << '{' << kind_names[static_cast<std::size_t>(m.what)] << ", " << m.amount << '}';
}

move to_move(std::uint64_t random) {
  static const int sum = [] {
    int all = 0;
    for (const int w : weights) all += w;
    return all;
  }();
  int at = static_cast<int>(random % static_cast<std::uint64_t>(sum));
  std::size_t k = 0;
  while (at >= weights[k]) at -= weights[k++];
  return {static_cast<kind>(k), static_cast<std::uint32_t>(random >> 32U)};
}

/// Always so many moves; a failing sequence is made shorter by leaving moves out.
rc::Gen<std::vector<move>> sequences() {
  return [](const rc::Random& random, int) {
    rc::Random source = random;
    std::vector<move> moves;
    moves.reserve(moves_in_a_sequence);
    for (std::size_t i = 0; i < moves_in_a_sequence; ++i) moves.push_back(to_move(source.next()));
    return rc::shrinkable::shrinkRecur(std::move(moves), &rc::shrink::removeChunks<std::vector<move>>);
  };
}

milliseconds between(policy::random_source& random, int low, int high) {
  return milliseconds(random.between(low, high));
}

/// Servers whose health the sequence sets.
struct servers {
  std::array<health, 2> now{health::passes, health::passes};
};

virtual_pod::options random_pod(std::uint64_t seed, servers& run) {
  policy::random_source random(seed);
  virtual_pod::options with;
  policy::rules& r = with.use;
  r.in_mode = random.between(0, 9) == 0 ? policy::mode::observe : policy::mode::enforce;
  const auto add_probe = [&](std::string container, policy::remedy remedy) {
    r.probes.push_back(
        {.name = "of " + container,
         .container = container,
         .failure_threshold = static_cast<int>(random.between(1, 3)),
         .success_threshold = static_cast<int>(random.between(1, 2)),
         .on_failure = remedy,
         .while_waiting = random.between(0, 1) == 0 ? policy::waiting::unready : policy::waiting::in_service});
  };
  add_probe("main", policy::remedy::restart_all_containers);
  constexpr std::array side{policy::remedy::restart_container, policy::remedy::restart_container,
                            policy::remedy::restart_all_containers, policy::remedy::drain, policy::remedy::observe};
  if (random.between(0, 3) != 0) add_probe("side", side[static_cast<std::size_t>(random.between(0, 4))]);
  r.back_off = {.base = between(random, 1000, 3000), .cap = between(random, 6000, 25'000)};
  r.budget = {.restarts = static_cast<int>(random.between(1, 5)), .window = between(random, 40'000, 400'000)};
  r.warm_up = {.maximum = between(random, 8000, 25'000),
               .learn = random.between(0, 1) == 0,
               .least_learned = between(random, 0, 10'000)};
  if (random.between(0, 3) != 0) r.graceful_stop.timeout = seconds(5);
  r.success.stable = between(random, 3000, 8000);
  r.closing_grace = between(random, 3000, 6000);
  r.hold = random.between(0, 1) == 0 ? policy::holding::in_service : policy::holding::unready;
  r.unrecovered_limit = static_cast<int>(random.between(1, 3));
  r.escalate = static_cast<policy::escalation>(random.between(0, 2));
  r.without_support = static_cast<policy::fallback>(random.between(0, 2));
  if (random.between(0, 9) == 0) r.windows = {{0, 12 * 60}, {4 * 24 * 60, 60}};
  if (random.between(0, 2) == 0) {
    r.preconditions.push_back({"the world", static_cast<policy::on_unreachable>(random.between(0, 1))});
  }
  with.servers = {{"main", between(random, 500, 12'000), [&run](moment, moment) { return run.now[0]; }},
                  {"side", between(random, 500, 7000), [&run](moment, moment) { return run.now[1]; }}};
  with.takes.check_period = between(random, 1500, 3000);
  with.sees_processes = random.between(0, 5) != 0;
  with.seed = seed;
  with.births_through_text = 10;
  return with;
}

/// Plays moves on a Pod, then lets it be for invariant 12's bound.
class player {
 public:
  /// In a tame world disk, node and processes have no faults, so that there is no excuse for standing still.
  player(std::uint64_t seed, const meddling& meddle)
      : tame_(seed % 3 == 0), pod_(with(random_pod(seed, servers_), meddle), &examiner_) {}

  void play(const std::vector<move>& moves) {
    for (const move& m : moves) {
      if (examiner_.found()) return;
      if (tame_ && is_fault(m.what)) continue;
      play(m);
      note_phase();
    }
    calm_tail();
  }
  const std::optional<violation>& found() const { return examiner_.found(); }
  /// What podmedic told its people.
  std::string story() const {
    std::string all;
    for (const virtual_pod::told& t : pod_.notices()) {
      all += std::to_string(t.at.count()) + " ms: " + t.what.reason + ": " + t.what.message + "\n";
    }
    return all;
  }
  const std::array<bool, 11>& reached() const { return reached_; }
  bool restarted_in_tail() const { return restarted_in_tail_; }
  const virtual_pod& pod() const { return pod_; }

 private:
  static virtual_pod::options with(virtual_pod::options all, const meddling& meddle) {
    all.meddle = meddle;
    return all;
  }

  void play(const move& m) {
    const auto up_to = [&](std::uint32_t most) { return m.amount % (most + 1); };
    const auto pick = [&](std::uint32_t of) { return (m.amount >> 16U) % of; };
    switch (m.what) {
      case kind::time_passes: return pod_.advance(milliseconds(up_to(2500)));
      case kind::long_time_passes: return pod_.advance(milliseconds(up_to(40'000)));
      case kind::server_changes: {
        constexpr std::array all{health::passes, health::passes,  health::hangs,           health::hangs,
                                 health::hangs,  health::says_no, health::cannot_be_asked, health::forbids_restart};
        servers_.now[pick(3) == 0 ? 1 : 0] = all[up_to(all.size() - 1)];
        return;
      }
      case kind::container_restarts:
        return pod_.restart_container(pick(3) == 0 ? "side" : "main", milliseconds(up_to(9000)));
      case kind::podmedic_dies: return pod_.kill_podmedic();
      case kind::podmedic_will_die: return pod_.kill_podmedic_after(static_cast<int>(up_to(25)));
      case kind::node_reboots: examiner_.will_reboot(); return pod_.reboot_node(milliseconds(up_to(60'000)));
      case kind::wall_clock_jumps:
        return pod_.jump_wall_clock(seconds(static_cast<int>(up_to(14 * 24 * 3600)) - 7 * 24 * 3600));
      case kind::mode_edited: {
        policy::rules r = pod_.rules();
        r.in_mode = up_to(3) == 0 ? policy::mode::observe : policy::mode::enforce;
        return pod_.edit(std::move(r));
      }
      case kind::pause_edited: {
        policy::rules r = pod_.rules();
        r.paused_until.reset();
        if (pick(2) == 0) r.paused_until = pod_.wall_now() + milliseconds(up_to(30'000));
        return pod_.edit(std::move(r));
      }
      case kind::restart_requested:
        return pod_.tell(policy::event::restart_requested{"a new model", "kim",
                                                          pick(3) == 0 && pod_.with().sees_processes ? "side" : ""});
      case kind::stood_down:
        examiner_.will_stand_down();
        return pod_.tell(policy::event::stood_down{"the Pod is being deleted"});
      case kind::write_fails: {
        constexpr std::array all{write_fault::fails, write_fault::fails_but_written, write_fault::fails_torn,
                                 write_fault::lost};
        const write_fault fault = all[up_to(all.size() - 1)];
        examiner_.will_lose_a_write();
        return pod_.next_write(fault);
      }
      case kind::ledger_damaged:
        if (pick(3) == 0) return pod_.replace_ledger("");
        if (pick(3) == 1) return pod_.replace_ledger(R"({"version": 2})");
        return pod_.tear_ledger(up_to(999) / 1000.0);
      case kind::support_changes:
        if (pick(6) == 5 && pod_.with().sees_processes) {
          const bool can = up_to(1) == 0;
          return pod_.tell(policy::event::support_found{can ? policy::support::verified : policy::support::missing,
                                                        "no right", "", policy::method::signal_all});
        }
        if (pick(4) == 3) return pod_.tell(policy::event::support_found{policy::support::missing, "no right", "side"});
        if (pick(4) == 2 && pod_.with().sees_processes)
          return pod_.tell(policy::event::support_found{policy::support::verified, "", "side"});
        if (pick(2) == 0) return pod_.tell(policy::event::support_found{policy::support::verified, ""});
        return pod_.tell(policy::event::support_found{policy::support::missing, "no rule"});
      case kind::drain_will_abort: return pick(2) == 0 ? pod_.next_undo_fails() : pod_.next_drain_aborts();
      case kind::obstacle_appears: examiner_.will_find_obstacle(); return pod_.next_diagnosis_finds_an_obstacle();
      case kind::times_change: {
        policy::random_source random(m.amount);
        timings t = pod_.with().takes;
        t.drain = between(random, 0, 5000);
        t.diagnose = between(random, 0, 1500);
        t.commit = between(random, 0, 1500);
        t.quiesce = between(random, 0, 8000);
        t.evict = between(random, 0, 2500);
        t.preconditions = between(random, 0, pick(4) == 0 ? 10'000 : 500);
        t.write_and_exit = between(random, 0, 1500);
        t.podmedic_again = between(random, 100, 10'000);
        t.containers_after = between(random, 0, 3000);
        return pod_.set_takes(t);
      }
      case kind::evictions_change: return pod_.set_evictions(static_cast<eviction>(up_to(2)));
      case kind::preconditions_change:
        return pod_.set_preconditions(static_cast<policy::event::preconditions_answered::answer>(up_to(2)));
      case kind::not_honoured: return pod_.set_honoured(false);
    }
  }

  void note_phase() {
    if (pod_.medic() != nullptr) reached_[static_cast<std::size_t>(pod_.medic()->in())] = true;
  }

  void calm_tail() {
    if (examiner_.found()) return;
    pod_.next_write(write_fault::none);
    pod_.set_preconditions(policy::event::preconditions_answered::answer::holds);
    servers_.now = {health::hangs, health::hangs};
    policy::rules r = pod_.rules();
    r.in_mode = policy::mode::enforce;
    r.paused_until.reset();
    r.windows.clear();
    pod_.edit(std::move(r));
    if (pod_.count_of("RestartNotHonoured") == 0) pod_.set_honoured(true);
    pod_.tell(policy::event::support_found{policy::support::verified, ""});
    if (pod_.with().sees_processes)
      pod_.tell(policy::event::support_found{policy::support::verified, "", "", policy::method::signal_all});
    pod_.kill_podmedic_after(1'000'000);
    while (pod_.medic() == nullptr) pod_.advance(seconds(1));
    examiner_.tail_begins(pod_);
    const std::size_t before = acts(pod_);
    for (const moment end = pod_.now() + progress_bound(pod_); pod_.now() < end && acts(pod_) == before;) {
      pod_.advance(seconds(1));
    }
    restarted_in_tail_ = acts(pod_) > before;
    examiner_.tail_ended(pod_);
  }

  static bool is_fault(kind k) {
    return k == kind::node_reboots || k == kind::write_fails || k == kind::ledger_damaged ||
           k == kind::obstacle_appears;
  }

  bool tame_;
  servers servers_;
  examiner examiner_;
  virtual_pod pod_;
  std::array<bool, 11> reached_{};
  bool restarted_in_tail_ = false;
};

std::uint64_t seed_of_this_run() {
  static const std::uint64_t seed = [] {
    constexpr std::uint64_t usual = 101;
    const char* given = std::getenv("PODMEDIC_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : usual;
  }();
  return seed;
}

int sequences_of_this_run() {
  const char* given = std::getenv("PODMEDIC_SEQUENCES");
  return given != nullptr ? std::atoi(given) : 20'000;
}

TEST(Invariants, HoldOnRandomHistories) {
  std::map<std::string_view, int> reached;
  int restarted_in_tail = 0;
  int restarts_alone = 0;
  int by_signals = 0;
  int evictions = 0;
  int escalated = 0;
  const auto property = [&] {
    const auto pod = *rc::gen::noShrink(rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>()));
    const auto moves = *sequences();
    player one(pod, {});
    one.play(moves);
    for (std::size_t p = 0; p < one.reached().size(); ++p) {
      if (one.reached()[p]) ++reached[policy::to_text(static_cast<phase>(p))];
    }
    if (one.restarted_in_tail()) ++restarted_in_tail;
    restarts_alone += one.pod().restarts_alone();
    by_signals += one.pod().restarts_by_signals();
    evictions += one.pod().evictions_asked();
    escalated += one.pod().count_of("Escalating");
    if (one.found()) RC_FAIL(one.found()->what + "\n" + one.story());
  };
  rc::detail::TestParams params;
  params.seed = seed_of_this_run();
  params.maxSuccess = sequences_of_this_run();
  std::cout << "PODMEDIC_SEED=" << params.seed << '\n';
  const auto result = rc::detail::checkTestable(property, rc::detail::TestMetadata{}, params);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  ASSERT_TRUE(result.template is<rc::detail::SuccessResult>()) << text.str() << "\nPODMEDIC_SEED=" << params.seed;

  for (std::size_t p = 0; p < 11; ++p) {
    const auto name = policy::to_text(static_cast<phase>(p));
    std::cout << name << " was reached in " << reached[name] << " sequences\n";
    EXPECT_GT(reached[name], 0) << name << " was never reached: the world is too tame";
  }
  std::cout << "progress was proven in " << restarted_in_tail << " calm tails\n";
  std::cout << restarts_alone << " restarts were of one container\n";
  std::cout << by_signals << " restarts were of all by signals, " << escalated << " one step up, and " << evictions
            << " evictions were asked for\n";
  EXPECT_GT(restarts_alone, params.maxSuccess / 10) << "too few restarts of one container";
  EXPECT_GT(by_signals, params.maxSuccess / 100) << "too few restarts by signals";
  EXPECT_GT(evictions, params.maxSuccess / 20) << "too few evictions";
  EXPECT_GT(escalated, params.maxSuccess / 100) << "too few steps up";
  EXPECT_GT(restarted_in_tail, params.maxSuccess / 10) << "too few sequences leave a Pod that has to be restarted";
}

// Wrong worlds and wrong medics: each is caught, by the invariant that it breaks.

struct mutant {
  int breaks;
  std::string_view what;
  meddling meddle;
};

meddling with_rules(void (*change)(policy::rules&)) {
  return {.birth = [change](policy::medic::beginning& from) { change(from.use); },
          .event =
              [change](policy::any_event& e) {
                if (auto* edit = std::get_if<policy::event::rules_changed>(&e)) change(edit->use);
                return true;
              }};
}
meddling with_book(void (*change)(policy::ledger&)) {
  return {.birth = [change](policy::medic::beginning& from) { change(from.book); }};
}
template <class Event>
meddling deaf_to() {
  return {.event = [](policy::any_event& e) { return !std::holds_alternative<Event>(e); }};
}
template <class Action>
meddling never_does() {
  return {.action = [](policy::any_action& a) { return !std::holds_alternative<Action>(a); }};
}
meddling hears(bool (*of)(const verdict&), verdict instead) {
  return {.event = [of, instead](policy::any_event& e) {
    auto* done = std::get_if<policy::event::check_done>(&e);
    if (done != nullptr && of(done->found)) done->found = instead;
    return true;
  }};
}

std::vector<mutant> mutants() {
  using policy::ledger;
  using policy::rules;
  namespace action = policy::action;
  namespace event = policy::event;
  return {
      {1, "says that the ledger is on disk without writing it", {.commits_nothing = true}},
      {1,
       "takes a failed write for a durable one",
       {.event =
            [](policy::any_event& e) {
              if (auto* done = std::get_if<event::committed>(&e)) done->error.reset();
              return true;
            }}},
      {1,
       "ends a container before the entry is on disk",
       {.action =
            [](policy::any_action& a) {
              if (std::holds_alternative<action::commit>(a)) a = action::begin_quiesce{"side"};
              return true;
            }}},
      {1,
       "ends another container than the one that is ill",
       {.action =
            [](policy::any_action& a) {
              auto* stops = std::get_if<action::begin_quiesce>(&a);
              if (stops != nullptr && stops->scope == "side") stops->scope = "main";
              return true;
            }}},
      {2, "forgets the restarts of one container", with_book([](ledger& book) {
         std::erase_if(book.restarts, [](const auto& r) { return r.scope != policy::lifecycle::pod_scope; });
       })},
      {2, "takes a stop that was broken off for none",
       with_book([](ledger& book) { std::erase_if(book.restarts, [](const auto& r) { return !r.exited; }); })},
      {2, "has no budget", with_rules([](rules& r) { r.budget.restarts = 1000; })},
      {2, "has a budget of one more", with_rules([](rules& r) { ++r.budget.restarts; })},
      {2, "has a window that is too short", with_rules([](rules& r) { r.budget.window /= 2; })},
      {2, "forgets the ledger", with_book([](ledger& book) { book.restarts.clear(); })},
      {2, "believes that restarts are older than they are", with_book([](ledger& book) {
         for (auto& r : book.restarts) r.at -= hours(1);
       })},
      {3,
       "takes a lost ledger for a first life",
       {.birth = [](policy::medic::beginning& from) { from.found = policy::book_found::first_life; }}},
      {4, "waits for too short a time",
       with_rules([](rules& r) { r.back_off = {.base = milliseconds(1), .cap = milliseconds(1)}; })},
      {4, "forgets the waits", with_book([](ledger& book) {
         for (auto& r : book.restarts) r.wait_after = {};
       })},
      {4,
       "takes any life's begin for a calm of a full cap",
       {.birth =
            [](policy::medic::beginning& from) {
              if (from.book.last() != nullptr) from.book.calm_at = from.book.last()->at + milliseconds(1);
            }}},
      {5, "takes Unknown for a failure",
       hears([](const verdict& v) { return std::holds_alternative<unknown>(v); }, to_verdict(health::hangs))},
      {6, "knows no warm-up", with_rules([](rules& r) { r.warm_up.maximum = {}; })},
      {6, "is not told of container starts", deaf_to<event::container_started>()},
      {6,
       "learns warm-up from the quickest start",
       {.birth =
            [](policy::medic::beginning& from) {
              from.book.warm_ups = {milliseconds(100), milliseconds(100), milliseconds(100)};
            }}},
      {7, "knows no escalation", with_rules([](rules& r) { r.unrecovered_limit = 1000; })},
      {7, "escalates one restart late", with_rules([](rules& r) { ++r.unrecovered_limit; })},
      {7, "takes every restart for a recovery", with_book([](ledger& book) {
         for (auto& r : book.restarts) r.ended = policy::outcome::recovered;
       })},
      {7, "forgets that all containers were restarted", with_book([](ledger& book) {
         for (auto& r : book.restarts) r.scope = "side";
       })},
      {7, "climbs to all containers where it may not",
       with_rules([](rules& r) { r.escalate = policy::escalation::restart_all_containers; })},
      {7, "evicts where it may not", with_rules([](rules& r) { r.escalate = policy::escalation::evict; })},
      {7, "falls back to eviction where it may not",
       with_rules([](rules& r) { r.without_support = policy::fallback::evict; })},
      {9, "is not told of edits", deaf_to<event::rules_changed>()},
      {9, "knows no pause", with_rules([](rules& r) { r.paused_until.reset(); })},
      {9, "knows no Observe", with_rules([](rules& r) { r.in_mode = policy::mode::enforce; })},
      {10, "does not hear of the Pod's end", deaf_to<event::stood_down>()},
      {11, "never calls off what has begun", never_does<action::cancel_drain>()},
      {11,
       "skips the diagnosis",
       {.action =
            [](policy::any_action& a) {
              if (std::holds_alternative<action::begin_diagnose>(a)) a = action::commit{};
              return true;
            }}},
      {12, "never restarts", never_does<action::begin_drain>()},
      {12, "never exits", never_does<action::restart>()},
      {12, "never asks for the eviction that it has decided on", never_does<action::evict>()},
      {12, "only observes", with_rules([](rules& r) { r.in_mode = policy::mode::observe; })},
      {12, "takes a server that hangs for one that cannot be asked",
       hears([](const verdict& v) { return std::holds_alternative<fail>(v); }, to_verdict(health::cannot_be_asked))},
      {12, "does not restart by itself even once", with_rules([](rules& r) { r.unrecovered_limit = 0; })},
      {12, "waits for a day", with_rules([](rules& r) { r.back_off.base = r.back_off.cap = hours(24); })},
      {14, "takes a warning of harm for any other Unknown",
       hears([](const verdict& v) { return std::holds_alternative<unknown>(v); }, to_verdict(health::cannot_be_asked))},
      {15, "ends all containers by signals where it may not",
       with_rules([](rules& r) { r.without_support = policy::fallback::signal_all; })},
      {17,
       "takes a refusal for consent",
       {.event =
            [](policy::any_event& e) {
              using answer = event::preconditions_answered::answer;
              if (auto* said = std::get_if<event::preconditions_answered>(&e)) {
                for (auto& each : said->each) {
                  if (each.found == answer::refuses) each.found = answer::holds;
                }
              }
              return true;
            }}},
      {17, "knows of no preconditions", with_rules([](rules& r) { r.preconditions.clear(); })},
      {17, "takes silence for consent", with_rules([](rules& r) {
         for (auto& each : r.preconditions) each.silence = policy::on_unreachable::proceed;
       })},
      {12, "never asks its preconditions", never_does<action::ask_preconditions>()},
      {16, "leaves what the Drain hooks did", never_does<action::undo_drain>()},
      {16, "forgets a drain with its life", with_book([](ledger& book) { book.drained_at.reset(); })},
      {16,
       "takes a hook that failed for one that worked",
       {.event =
            [](policy::any_event& e) {
              if (auto* done = std::get_if<event::drain_undone>(&e)) done->worked = true;
              return true;
            }}},
      {13, "forgets its abnormal ends", with_book([](ledger& book) { book.lives.clear(); })},
      {13, "takes every end for a meant one", with_book([](ledger& book) {
         for (auto& l : book.lives) l.clean = true;
       })},
  };
}

TEST(Invariants, AreBrokenByEachMutantThatBreaksThem) {
  constexpr int most_sequences = 20'000;
  const auto sequence = sequences();
  for (const mutant& wrong : mutants()) {
    rc::Random random(seed_of_this_run());
    bool caught = false;
    int tried = 0;
    while (!caught && tried++ < most_sequences) {
      rc::Random source = random.split();
      player one(source.next(), wrong.meddle);
      one.play(sequence(source, 0).value());
      caught = one.found() && one.found()->number == wrong.breaks;
    }
    EXPECT_TRUE(caught) << "one that " << wrong.what << " does not break invariant " << wrong.breaks << " in any of "
                        << most_sequences << " histories; PODMEDIC_SEED=" << seed_of_this_run();
    std::cout << "caught by invariant " << wrong.breaks << " in history " << tried << ": one that " << wrong.what
              << '\n';
  }
}

}  // namespace
}  // namespace podmedic::simulation
