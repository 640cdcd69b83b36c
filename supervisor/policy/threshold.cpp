#include "supervisor/policy/threshold.hpp"

#include <algorithm>

namespace podmedic::policy {

threshold::threshold(const probe_rules& rules, instant now, milliseconds warm_up_limit)
    : failure_threshold_(rules.failure_threshold), success_threshold_(rules.success_threshold), born_(now) {
  reset(now, warm_up_limit);
}

void threshold::container_started(instant at, milliseconds warm_up_limit) {
  reset(at, warm_up_limit);
  ended_ = false;
  container_seen_ = true;
  start_seen_ = at >= born_;
}

void threshold::container_ended(instant at, milliseconds warm_up_limit) {
  reset(at, warm_up_limit);
  container_seen_ = start_seen_ = false;
  ended_ = true;
}

void threshold::passed_already() {
  first_pass_ = started_;
  start_seen_ = false;  // when it first passed is not known, so that nothing is learned from it
}

void threshold::reset(instant container_started, milliseconds warm_up_limit) {
  standing_ = standing::unproven;
  failures_ = passes_ = 0;
  last_unknown_ = answered_ = false;
  started_ = container_started;
  counts_from_ = container_started + warm_up_limit;
  first_pass_.reset();
  failing_since_.reset();
  answering_no_since_.reset();
  why_ = {};
  took_.clear();
  took_next_ = 0;
}

void threshold::use(const probe_rules& rules) {
  failure_threshold_ = rules.failure_threshold;
  success_threshold_ = rules.success_threshold;
}

std::optional<milliseconds> threshold::warm_up() const {
  if (!first_pass_ || !start_seen_) return std::nullopt;
  return *first_pass_ - started_;
}

void threshold::remember(milliseconds took) {
  constexpr std::size_t most = 100;
  if (took_.size() < most) return took_.push_back(took);
  took_[took_next_] = took;
  took_next_ = (took_next_ + 1) % most;
}

std::optional<latency> threshold::passed_in() const {
  if (took_.empty()) return std::nullopt;
  std::vector<milliseconds> sorted = took_;
  std::sort(sorted.begin(), sorted.end());
  const auto at = [&](std::size_t percent) { return sorted[(sorted.size() * percent + 99) / 100 - 1]; };
  return latency{at(50), at(99), static_cast<int>(sorted.size())};
}

void threshold::count(const verdict& found, instant now, std::optional<milliseconds> took) {
  // Of the life that was ended: a process may answer while it ends, and its answer come later.
  last_unknown_ = ended_ || std::holds_alternative<unknown>(found);
  if (ended_) return;
  if (const auto* asked_in_vain = std::get_if<unknown>(&found)) {
    if (asked_in_vain->forbids_restart) forbids_restart_ = asked_in_vain->why;
  } else {
    answered_ = true;
    forbids_restart_.reset();
  }
  if (std::holds_alternative<pass>(found)) {
    failures_ = 0;
    failing_since_.reset();
    answering_no_since_.reset();
    if (!first_pass_) first_pass_ = now;
    if (++passes_ >= success_threshold_) standing_ = standing::healthy;
    if (took) remember(*took);
    return;
  }
  const auto* failed = std::get_if<fail>(&found);
  if (failed == nullptr) return;
  passes_ = 0;
  why_ = failed->why;
  if (!first_pass_ && now < counts_from_) return;  // warming up
  if (!failing_since_) failing_since_ = now;
  if (!failed->answered_no) {
    answering_no_since_.reset();
  } else if (!answering_no_since_) {
    answering_no_since_ = now;
  }
  if (++failures_ >= failure_threshold_) standing_ = standing::failing;
}

}  // namespace podmedic::policy
