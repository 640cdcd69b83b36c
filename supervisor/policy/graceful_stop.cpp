#include "supervisor/policy/graceful_stop.hpp"

#include <algorithm>
#include <utility>

namespace podmedic::policy {
namespace {

template <class Range, class Value>
bool contains(const Range& all, const Value& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

graceful_stop::graceful_stop(graceful_stop_rules use, std::optional<std::string> wedged,
                             std::vector<std::string> sidecars, instant began)
    : use_(use), wedged_(std::move(wedged)), sidecars_(std::move(sidecars)), began_(began) {}

std::size_t graceful_stop::stage_of(const std::string& container) const {
  if (wedged_ == container) return 0;
  const auto at = std::find(sidecars_.rbegin(), sidecars_.rend(), container);
  return at == sidecars_.rend() ? 1 : 2 + static_cast<std::size_t>(at - sidecars_.rbegin());
}

std::vector<graceful_stop::life> graceful_stop::look(const std::vector<life>& alive, instant now) {
  std::vector<life> ask;
  while (!over_) {
    if (now - began_ >= use_.timeout) {
      over_ = true;
      break;
    }
    for (const life& one : alive) {
      if (!one.may_be_asked || stage_of(one.container) > stage_ || contains(asked_, one)) continue;
      const bool second_life = std::any_of(asked_.begin(), asked_.end(),
                                           [&](const life& earlier) { return earlier.container == one.container; });
      ask.push_back(one);
      asked_.push_back(one);
      if (!second_life) awaited_.push_back(one);
    }
    std::erase_if(awaited_, [&](const life& one) { return !contains(alive, one); });
    const bool long_enough = stage_ == 0 && now - began_ >= use_.wedged_timeout;
    if (!awaited_.empty() && !long_enough) break;
    awaited_.clear();
    const bool main_stays = std::any_of(alive.begin(), alive.end(), [this](const life& one) {
      return !one.may_be_asked && stage_of(one.container) <= 1;
    });
    over_ = stage_ == last_stage() || (stage_ == 1 && main_stays);
    ++stage_;
  }
  return ask;
}

}  // namespace podmedic::policy
