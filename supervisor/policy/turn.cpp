#include "supervisor/policy/turn.hpp"

#include "supervisor/policy/text.hpp"

#include <algorithm>

namespace podmedic::policy {
namespace {

constexpr milliseconds between_renewals{30'000};
constexpr milliseconds judgement_lasts{10'000};
constexpr milliseconds first_pause{1'000};
constexpr milliseconds longest_pause{30'000};
constexpr milliseconds holder_looks{30'000};
constexpr milliseconds silence_to_proceed{30'000};
constexpr milliseconds denial_lasts{60'000};
constexpr milliseconds denial_lasts_after_all{600'000};  ///< where the right was there before
constexpr std::size_t most_listed = 16;
/// A replica that waits looks again after about this much for each replica that there is.
constexpr milliseconds look_pause{100};
constexpr milliseconds shortest_look{2'000};
constexpr milliseconds longest_look{60'000};

action::notice told(severity level, std::string reason, std::string message, bool publish = true) {
  return {level, std::move(reason), std::move(message), publish};
}

}  // namespace

milliseconds lease_duration(const rules& use) {
  constexpr milliseconds margin{120'000};
  return use.drain.timeout + use.graceful_stop.timeout + use.closing_grace + use.warm_up.maximum + use.success.stable +
         use.fleet.cool_down + margin;
}

void turn::on(const event::place_found& e, const rules& use, std::vector<any_action>& out) {
  asking_for_place_ = false;
  if (e.place) {
    if (place_ == e.place) return;
    place_ = e.place;
    slots_.assign(static_cast<std::size_t>(use.fleet.max_unavailable), {});
    return;
  }
  if (place_) return;  // it does not change in the life of a Pod
  may_come_ = e.may_come;
  if (off_ == e.why_not) return;
  off_ = e.why_not;
  if (use.fleet.asked_for) {
    out.emplace_back(
        told(severity::warning, "FleetNotVisible",
             off_ + (may_come_ ? ": no restart until the fleet is seen"
                               : ": podmedic keeps no other replica waiting, and no floor of serving ones")));
  }
}

void turn::answered() {
  silent_since_.reset();
  denied_since_.reset();
  pause_ = milliseconds(0);
}

void turn::fell_silent(const api_silence& why, instant now) {
  silence_ = why.message;
  if (!silent_since_) silent_since_ = now;
  pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
  not_before_ = now + pause_;
}

void turn::denied(const api_silence& why, const rules& use, std::vector<any_action>& out, instant now) {
  if (!denied_since_) denied_since_ = now;
  fell_silent(why, now);
  if (now - *denied_since_ < (seen_ ? denial_lasts_after_all : denial_lasts)) return;
  place_.reset();
  held_.reset();
  judged_at_.reset();
  answered();
  on(event::place_found{{}, why.message, false}, use, out);
}

void turn::on(const event::fleet_read& e, std::vector<any_action>& out, instant now) {
  asked_ = false;
  if (const auto* silence = std::get_if<api_silence>(&e.found)) return fell_silent(*silence, now);
  answered();
  view_ = std::get<fleet_view>(e.found);
  view_read_in_ = look_;
  for (const std::string& part : view_->not_seen) {
    if (!said_not_seen_.insert(part).second) continue;
    out.emplace_back(told(severity::warning, "FleetPartNotVisible", part + ": restarts do not heed it"));
  }
}

void turn::on(const event::lease_read& e, const rules& use, std::vector<any_action>& out, instant now) {
  asked_ = false;
  const auto index = static_cast<std::size_t>(e.slot);
  if (!place_ || index >= slots_.size()) return;
  if (const auto* silence = std::get_if<api_silence>(&e.found)) {
    return silence->denied ? denied(*silence, use, out, now) : fell_silent(*silence, now);
  }
  answered();
  seen_ = true;
  slot& each = slots_[index];
  const lease& found = std::get<lease>(e.found);
  if (!each.known || each.seen.version != found.version) each.since = now;
  if (each.seen.holder != found.holder) each.looked_for_holder.reset();
  each.seen = found;
  each.known = true;
  each.read_in = look_;
  each.holder_is_gone = e.holder_is_gone;
  remember_unrecovered(found, now);
  if (found.holder == place_->pod) {
    if (held_ && held_ != index) return;  // given back by advance()
    // What an earlier life left, or a write whose answer was lost, counts once it is renewed: since when the others
    // have seen it is not known.
    if (!held_) renewed_at_ = now - lease_duration(use);
    held_ = index;
  } else if (held_ == index) {
    held_.reset();
    judged_at_.reset();
    out.emplace_back(told(severity::warning, "TurnLost",
                          found.holder.empty() ? "the Lease says that nobody holds the turn"
                                               : "the turn passed to " + pod_name_of(found.holder)));
  }
}

void turn::on(const event::lease_written& e, const rules& use, std::vector<any_action>& out, instant now) {
  asked_ = false;
  const auto index = static_cast<std::size_t>(e.slot);
  if (!place_ || index >= slots_.size()) return;
  slot& each = slots_[index];
  if (e.how != event::lease_written::result::written) {
    each.known = false;  // what it says now must be read
    each.listed.reset();
    if (!held_) judged_at_.reset();
    if (e.how == event::lease_written::result::conflict) return answered();
    return e.why.denied ? denied(e.why, use, out, now) : fell_silent(e.why, now);
  }
  answered();
  each.seen = e.now;
  each.known = true;
  each.read_in = look_;
  each.since = now;
  each.holder_is_gone = false;
  remember_unrecovered(e.now, now);
  if (e.now.holder == place_->pod) {
    if (!held_) {
      out.emplace_back(told(
          severity::normal, "TurnTaken",
          "this Pod may leave traffic, of " + place_->workload + " (" + std::to_string(slots_.size()) + " at a time)",
          false));
    }
    held_ = index;
    renewed_at_ = now;
  } else if (held_ == index) {
    held_.reset();
    judged_at_.reset();
    out.emplace_back(told(severity::normal, "TurnReturned", "another replica may leave traffic", false));
  }
}

void turn::remember_unrecovered(const lease& seen, instant now) {
  for (const auto& [probe, replicas] : seen.unrecovered) {
    for (const std::string& pod : replicas.pods) unrecovered_seen_.try_emplace({probe, pod}, now);
  }
  std::erase_if(unrecovered_seen_, [this](const auto& known) {
    return std::none_of(slots_.begin(), slots_.end(), [&](const slot& each) {
      const auto at = each.seen.unrecovered.find(known.first.first);
      if (at == each.seen.unrecovered.end()) return false;
      const std::vector<std::string>& pods = at->second.pods;
      return std::find(pods.begin(), pods.end(), known.first.second) != pods.end();
    });
  });
}

bool turn::is_free(const slot& each, instant now) const {
  const std::string& holder = each.seen.holder;
  return holder.empty() || holder == place_->pod || each.holder_is_gone || now - each.since >= each.seen.duration;
}

void turn::ask_lease(std::size_t index, std::vector<any_action>& out, instant now) {
  slot& each = slots_[index];
  const bool look = !each.looked_for_holder || now - *each.looked_for_holder >= holder_looks;
  if (look) each.looked_for_holder = now;
  asked_ = true;
  out.emplace_back(action::read_lease{static_cast<int>(index), look || each.holder_is_gone});
}

void turn::write(std::size_t index, lease wanted, std::vector<any_action>& out) {
  asked_ = true;
  slots_[index].listed = wanted.unrecovered;
  const bool new_holder = wanted.holder != slots_[index].seen.holder;
  out.emplace_back(action::write_lease{static_cast<int>(index), std::move(wanted), new_holder});
}

bool turn::lists_rightly(std::size_t index, const turn_need& need) const {
  const auto wanted = record_for(index, need, false, {}).unrecovered;
  return wanted == slots_[index].seen.unrecovered || wanted == slots_[index].listed;
}

lease turn::record_for(std::size_t index, const turn_need& need, bool hold, const rules& use) const {
  lease record = slots_[index].seen;
  const std::string& me = place_->pod;
  for (auto& [probe, replicas] : record.unrecovered) {
    if (!need.unrecovered.contains(probe)) std::erase(replicas.pods, me);
  }
  if (held_ == index || hold) {
    for (const std::string& probe : need.unrecovered) {
      unrecovered_replicas& replicas = record.unrecovered[probe];
      if (replicas.revision != place_->revision) replicas = {place_->revision, {}};
      if (std::find(replicas.pods.begin(), replicas.pods.end(), me) == replicas.pods.end()) replicas.pods.push_back(me);
      if (replicas.pods.size() > most_listed) replicas.pods.erase(replicas.pods.begin());
    }
  }
  std::erase_if(record.unrecovered, [](const auto& named) { return named.second.pods.empty(); });
  if (hold) {
    if (record.holder != me) ++record.transitions;
    record.holder = me;
    record.duration = lease_duration(use);
  } else if (record.holder == me) {
    record.holder.clear();
  }
  return record;
}

void turn::advance(const turn_need& need, const rules& use, random_source& random, std::vector<any_action>& out,
                   instant now) {
  own_unrecovered_ = need.unrecovered;
  if (!place_ || asked_ || now < not_before_) return;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].known) return ask_lease(i, out, now);
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const bool twice = held_ && held_ != i && slots_[i].seen.holder == place_->pod;
    if (twice || (held_ != i && !lists_rightly(i, need))) {
      lease record = record_for(i, need, false, use);
      return write(i, std::move(record), out);
    }
  }
  if (held_) return keep_or_release(need, use, random, out, now);
  if (need.leave || need.restart) return take(need, use, random, out, now);
  looking_ = false;
  why_.reset();
}

/// Reads what is not as fresh as this look; false where all is.
bool turn::look_again(std::vector<any_action>& out, instant now, bool slots_too) {
  for (std::size_t i = 0; i < slots_.size() && slots_too; ++i) {
    if (held_ == i || fresh(slots_[i])) continue;
    ask_lease(i, out, now);
    return true;
  }
  if (view_ && view_read_in_ == look_) return false;
  asked_ = true;
  out.emplace_back(action::read_fleet{});
  return true;
}

std::optional<diagnosis> turn::why_not(const rules& use) const {
  std::vector<std::string> leaving;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const std::string& holder = slots_[i].seen.holder;
    if (!holder.empty() && holder != place_->pod && held_ != i) leaving.push_back(pod_name_of(holder));
  }
  return why_not_leave(*view_, use.fleet, leaving);
}

void turn::refuse(diagnosis why, random_source& random, instant now) {
  why_ = std::move(why);
  looking_ = false;
  const int replicas = view_ ? view_->replicas.value_or(static_cast<int>(view_->others_serving.size()) + 1) : 1;
  const milliseconds longest = std::clamp(look_pause * replicas, shortest_look, longest_look);
  next_look_ = now + milliseconds(random.between(longest.count() / 2, longest.count()));
}

void turn::take(const turn_need& need, const rules& use, random_source& random, std::vector<any_action>& out,
                instant now) {
  if (!looking_) {
    if (now < next_look_) return;
    looking_ = true;
    ++look_;
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!fresh(slots_[i])) return ask_lease(i, out, now);
  }
  if (poison(need.probe, use, now)) return refuse({"AwaitingTurn", "a turn is not asked for yet"}, random, now);
  const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const slot& each) { return is_free(each, now); });
  if (found == slots_.end()) {
    const std::string others = slots_.size() == 1 ? pod_name_of(slots_.front().seen.holder) + " holds it"
                                                  : "others hold all " + std::to_string(slots_.size());
    return refuse({"AwaitingTurn", "it is not this replica's turn: " + others}, random, now);
  }
  if (look_again(out, now, false)) return;
  if (auto why = why_not(use)) return refuse(std::move(*why), random, now);
  const auto index = static_cast<std::size_t>(found - slots_.begin());
  looking_ = false;
  // Alone, what was seen just now decides. Else another one may have looked at the same time, and taken another slot.
  if (slots_.size() == 1) judged_at_ = now;
  write(index, record_for(index, need, true, use), out);
}

void turn::keep_or_release(const turn_need& need, const rules& use, random_source& random, std::vector<any_action>& out,
                           instant now) {
  const bool wanted = need.leave || need.restart;
  const bool cooling = need.cool_until && now < *need.cool_until;
  if (!wanted && !need.keep && !cooling) {
    judged_at_.reset();  // if the answer is lost, the next failure must not leave by it
    return write(*held_, record_for(*held_, need, false, use), out);
  }
  if (now - renewed_at_ >= between_renewals || !lists_rightly(*held_, need)) {
    return write(*held_, record_for(*held_, need, true, use), out);
  }
  if (!wanted || (judged_at_ && (!need.restart || now - *judged_at_ < judgement_lasts))) return;
  if (now < next_look_) return;
  if (!looking_) {
    looking_ = true;
    ++look_;
  }
  if (look_again(out, now, true)) return;
  if (auto why = why_not(use)) {
    judged_at_.reset();
    refuse(std::move(*why), random, now);
    if (!need.keep) write(*held_, record_for(*held_, need, false, use), out);  // it may be of use to another
    return;
  }
  looking_ = false;
  why_.reset();
  judged_at_ = now;
}

bool turn::in_force(const rules& use) const {
  return place_ || asking_for_place_ || (may_come_ && use.fleet.asked_for);
}

bool turn::held(const rules& use, instant now) const {
  // A holder gives up well before others may take it for gone.
  return held_ && now - renewed_at_ < lease_duration(use) - lease_duration(use) / 10;
}

bool turn::may_be_out(const rules& use, instant now) const {
  if (!in_force(use)) return true;
  if (held(use, now)) return judged_at_.has_value();
  return use.api_unavailable == on_api_unavailable::proceed && silent_since_ &&
         now - *silent_since_ >= silence_to_proceed;
}

std::optional<refusal> turn::poison(const std::string& probe, const rules& use, instant now) const {
  if (probe.empty()) return std::nullopt;  // a person knows
  std::set<std::string> pods;
  if (own_unrecovered_.contains(probe)) pods.insert(place_->pod);  // listed, or not for want of a slot
  std::optional<instant> first_seen;
  std::string other;
  for (const slot& each : slots_) {
    const auto listed = each.seen.unrecovered.find(probe);
    if (listed == each.seen.unrecovered.end() || listed->second.revision != place_->revision) continue;
    for (const std::string& pod : listed->second.pods) {
      pods.insert(pod);
      if (pod == place_->pod) continue;  // its own back-off waits for that one
      other = pod;
      const instant seen = unrecovered_seen_.at({probe, pod});
      first_seen = std::max(first_seen.value_or(seen), seen);
    }
  }
  constexpr std::size_t enough = 2;
  if (pods.size() >= enough) {
    std::string names;
    for (const std::string& pod : pods) names += (names.empty() ? "" : ", ") + pod_name_of(pod);
    return refusal{{"FleetStopped", "restarts for probe " + probe + " did not help replicas " + names}, {}, true};
  }
  if (!first_seen || now - *first_seen >= use.back_off.cap) return std::nullopt;
  return refusal{
      {"UnrecoveredElsewhere", "a restart for probe " + probe + " did not help " + pod_name_of(other) +
                                   "; this replica waits " + in_seconds(use.back_off.cap) + " before it tries"},
      *first_seen + use.back_off.cap,
      false};
}

std::vector<refusal> turn::refusals(const std::string& probe, const rules& use, instant now) const {
  if (!in_force(use)) return {};
  if (!held(use, now) && may_be_out(use, now)) return {};
  const instant soon = std::max(now + milliseconds(1'000), std::max(next_look_, not_before_));
  if (place_) {
    if (auto poisoned = poison(probe, use, now)) return {std::move(*poisoned)};
    if (held(use, now) && judged_at_ && now - *judged_at_ < judgement_lasts) return {};
  }
  const std::string waits = use.api_unavailable == on_api_unavailable::wait ? " (onApiUnavailable: Wait)" : "";
  const diagnosis asking{std::string(asking_for_turn), "the API is being asked for this replica's turn"};
  if (asking_for_place_) return {{asking, soon, false}};
  if (!place_) return {{{"ApiUnavailable", "the fleet cannot be seen: " + off_ + waits}, soon, false}};
  if (silent_since_) return {{{"ApiUnavailable", silence_ + waits}, soon, false}};
  return {{why_.value_or(asking), soon, false}};
}

std::optional<instant> turn::wake_at(const turn_need& need, const rules& use, instant now) const {
  if (!place_ || asked_) return std::nullopt;
  const bool wanted = need.leave || need.restart;
  if (std::any_of(slots_.begin(), slots_.end(), [](const slot& each) { return !each.known; })) return not_before_;
  std::optional<instant> next;
  const auto wake = [&](instant at) { next = std::min(next.value_or(at), std::max(at, not_before_)); };
  if (held_) {
    wake(renewed_at_ + between_renewals);
    if (!wanted && !need.keep) wake(need.cool_until.value_or(now));
    if (need.restart && judged_at_) wake(*judged_at_ + judgement_lasts);
    if (wanted && !judged_at_) wake(next_look_);
  } else if (wanted) {
    wake(next_look_);
  }
  const bool may_proceed = wanted && use.api_unavailable == on_api_unavailable::proceed;
  if (may_proceed && silent_since_ && now < *silent_since_ + silence_to_proceed)
    wake(*silent_since_ + silence_to_proceed);
  return next;
}

std::string turn::state(const rules& use, instant now) const {
  if (!in_force(use)) return "off: " + off_;
  if (held(use, now)) return "held (slot " + std::to_string(*held_) + ")";
  if (asking_for_place_) return "being asked for";
  if (!place_) return "not seen: " + off_;
  if (silent_since_) return "the API does not answer: " + silence_;
  return why_ ? why_->message : "not taken";
}

}  // namespace podmedic::policy
