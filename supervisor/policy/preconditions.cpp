#include "supervisor/policy/preconditions.hpp"

#include <algorithm>

namespace podmedic::policy {
namespace {

constexpr milliseconds between_askings{10'000};
/// Where one refuses: many replicas may be waiting for it.
constexpr milliseconds between_askings_in_vain{30'000};

bool is_wrong(const precondition_rules& rules) {
  return rules.asked.empty();
}

bool held_lately(const std::optional<instant>& held, instant now) {
  return held && now - *held < precondition_lasts;
}

}  // namespace

void preconditions::on(const event::preconditions_answered& e, const rules& use) {
  if (!asking_) return;
  asking_ = false;
  if (e.each.size() != use.preconditions.size()) return all_.clear();
  if (all_.size() != e.each.size()) all_.assign(e.each.size(), standing{.heard = *asked_});
  for (std::size_t i = 0; i < all_.size(); ++i) {
    standing& one = all_[i];
    using answer = event::preconditions_answered::answer;
    one.silence.reset();
    if (e.each[i].found == answer::silent) {
      one.silence = e.each[i].message;
      continue;
    }
    one.heard = *asked_;
    one.refuses.reset();
    if (e.each[i].found == answer::refuses) {
      one.held.reset();
      one.refuses = e.each[i].message;
    } else {
      one.held = *asked_;
    }
  }
}

void preconditions::advance(precondition_need need, const rules& use, std::vector<any_action>& out, instant now) {
  if (need == precondition_need::none) all_.clear();
  const std::optional<instant> at = wake_at(need, use);
  if (!at || now < *at) return;
  asking_ = true;
  asked_ = now;
  out.emplace_back(action::ask_preconditions{});
}

bool preconditions::may_pass_over(const standing& each, const precondition_rules& use, instant now) const {
  return each.silence && use.silence == on_unreachable::proceed && now - each.heard >= precondition_lasts;
}

std::vector<refusal> preconditions::refusals(const rules& use, instant now) const {
  std::vector<refusal> refused;
  for (std::size_t i = 0; i < use.preconditions.size(); ++i) {
    const precondition_rules& rules = use.preconditions[i];
    if (is_wrong(rules)) {
      refused.push_back({{"PreconditionUnknown",
                          "podmedic.io/policy has a mistake in its preconditions; until it is mended in a new Pod "
                          "nothing is restarted"},
                         {},
                         false});
      continue;
    }
    if (all_.size() != use.preconditions.size()) continue;
    const standing& one = all_[i];
    if (may_pass_over(one, rules, now)) continue;
    if (one.refuses) {
      refused.push_back({{"PreconditionNotMet", *one.refuses}, {}, false});
    } else if (one.silence && !held_lately(one.held, now)) {
      const bool proceeds = rules.silence == on_unreachable::proceed;
      refused.push_back(
          {{"PreconditionUnknown",
            *one.silence + (proceeds ? " (onUnreachable: Proceed, after 30 s of silence)" : " (onUnreachable: Wait)")},
           proceeds ? std::optional(one.heard + precondition_lasts) : std::nullopt,
           false});
    }
  }
  return refused;
}

bool preconditions::hold(const rules& use, instant now) const {
  if (use.preconditions.empty()) return true;
  if (all_.size() != use.preconditions.size()) return false;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (is_wrong(use.preconditions[i])) return false;
    if (!held_lately(all_[i].held, now) && !may_pass_over(all_[i], use.preconditions[i], now)) return false;
  }
  return true;
}

std::optional<instant> preconditions::wake_at(precondition_need need, const rules& use) const {
  if (need != precondition_need::fresh || asking_) return std::nullopt;
  const bool any = std::any_of(use.preconditions.begin(), use.preconditions.end(),
                               [](const precondition_rules& each) { return !is_wrong(each); });
  if (!any) return std::nullopt;
  return asked_ ? next() : instant{};
}

instant preconditions::next() const {
  const bool in_vain = std::any_of(all_.begin(), all_.end(), [](const standing& each) { return each.refuses; });
  return *asked_ + (in_vain ? between_askings_in_vain : between_askings);
}

}  // namespace podmedic::policy
