#include "supervisor/policy/threshold.hpp"

namespace podmedic::policy {

threshold::threshold(const probe_rules& rules, instant now, milliseconds warm_up_limit)
    : failure_threshold_(rules.failure_threshold), success_threshold_(rules.success_threshold), born_(now) {
  reset(now, warm_up_limit);
}

void threshold::container_started(instant at, milliseconds warm_up_limit) {
  reset(at, warm_up_limit);
  container_seen_ = true;
  start_seen_ = at >= born_;
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
}

void threshold::use(const probe_rules& rules) {
  failure_threshold_ = rules.failure_threshold;
  success_threshold_ = rules.success_threshold;
}

std::optional<milliseconds> threshold::warm_up() const {
  if (!first_pass_ || !start_seen_) return std::nullopt;
  return *first_pass_ - started_;
}

void threshold::count(const verdict& found, instant now) {
  last_unknown_ = std::holds_alternative<unknown>(found);
  if (!last_unknown_) answered_ = true;
  if (std::holds_alternative<pass>(found)) {
    failures_ = 0;
    failing_since_.reset();
    answering_no_since_.reset();
    if (!first_pass_) first_pass_ = now;
    if (++passes_ >= success_threshold_) standing_ = standing::healthy;
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
