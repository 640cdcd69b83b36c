#include "supervisor/policy/success_metrics.hpp"

namespace podmedic::policy {
namespace {

constexpr milliseconds between_readings{5'000};
constexpr milliseconds reading_lasts{20'000};

}  // namespace

void success_metrics::on(const event::success_metrics_read& e, const rules& use) {
  asking_ = false;
  read_ = e.each.size() == use.success.metrics.size();
  why_not_.clear();
  values_.clear();
  if (!read_) return;
  for (std::size_t i = 0; i < e.each.size(); ++i) {
    if (e.each[i].value) values_[use.success.metrics[i]] = *e.each[i].value;
    if (!e.each[i].why_not.empty()) why_not_ += (why_not_.empty() ? "" : "; ") + e.each[i].why_not;
  }
}

void success_metrics::advance(bool needed, const rules& use, std::vector<any_action>& out, instant now) {
  if (!needed) {
    read_ = false;
    why_not_.clear();
  }
  const std::optional<instant> at = wake_at(needed, use);
  if (!at || now < *at) return;
  asking_ = true;
  asked_ = now;
  out.emplace_back(action::read_success_metrics{});
}

bool success_metrics::hold(const rules& use, instant now) const {
  if (use.success.metrics.empty()) return true;
  return read_ && why_not_.empty() && now - *asked_ < reading_lasts;
}

std::optional<instant> success_metrics::wake_at(bool needed, const rules& use) const {
  if (!needed || asking_ || use.success.metrics.empty()) return std::nullopt;
  return asked_ ? *asked_ + between_readings : instant{};
}

}  // namespace podmedic::policy
