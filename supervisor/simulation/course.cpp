#include "supervisor/simulation/course.hpp"

#include <algorithm>
#include <utility>

namespace podmedic::simulation {

course::course(int replicas, moment begin, milliseconds length)
    : begin_(begin),
      length_(length),
      replicas_(static_cast<std::size_t>(replicas)),
      unavailable_(columns, 0),
      out_(replicas) {}

void course::pass(moment now) {
  if (now <= last_) return;  // what lasts for no time is not seen
  const moment since = std::max(std::exchange(last_, now), begin_);
  if (now <= begin_) return;
  peak_ = std::max(peak_, out_);
  const auto column_of = [this](moment when) {
    return std::min(static_cast<std::size_t>((when - begin_) * columns / length_), columns - 1);
  };
  for (std::size_t i = column_of(since); i <= column_of(now - milliseconds(1)); ++i) {
    unavailable_[i] = std::max(unavailable_[i], out_);
  }
}

void course::serves(int replica, moment now, bool does) {
  replica_state& r = replicas_[static_cast<std::size_t>(replica)];
  if (r.serves == does) return;
  pass(now);
  r.serves = does;
  out_ += does ? -1 : 1;
  if (!does || r.healing != state::awaits_healing) return;
  r.healing = state::healed;
  --awaiting_;
  last_healed_ = now;
}

void course::fell_ill(int replica, moment now) {
  replica_state& r = replicas_[static_cast<std::size_t>(replica)];
  if (r.healing != state::well || now < begin_) return;
  r.healing = state::awaits_healing;
  ++ill_;
  ++awaiting_;
  if (!first_ill_) first_ill_ = now;
}

void course::restarted(int replica, moment now) {
  if (now < begin_) return;
  ++replicas_[static_cast<std::size_t>(replica)].restarts;
  ++restarts_;
}

void course::ended() {
  pass(begin_ + length_);
}

std::optional<milliseconds> course::time_to_heal() const {
  if (!first_ill_ || awaiting_ > 0) return std::nullopt;
  return last_healed_ - *first_ill_;
}

std::uint32_t course::most_restarts() const {
  std::uint32_t most = 0;
  for (const replica_state& r : replicas_) most = std::max(most, r.restarts);
  return most;
}

}  // namespace podmedic::simulation
