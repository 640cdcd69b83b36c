#pragma once
#include "supervisor/simulation/plan.hpp"

#include <optional>

namespace podmedic::simulation {

/// How the plan's illnesses let the servers be: the one truth that all fleets live in.
class server_health {
 public:
  /// After any length of a plan.
  static constexpr moment never = std::chrono::hours(24 * 366 * 10);

  /// `of` outlives it. Its times count from `begin`.
  server_health(const plan& of, moment begin) : plan_(of), begin_(begin) {}

  /// Whether a server that started then hangs now.
  bool hangs(int replica, moment now, moment started) const;
  /// Until when that stays so, after `now`; never, where nothing changes it.
  moment steady_until(int replica, moment now, moment started) const;
  /// How many replicas an illness hits.
  int faulted() const;

 private:
  struct bout {
    moment begins;
    moment ends;
  };
  std::optional<bout> of(std::size_t illness, int replica, moment started) const;

  const plan& plan_;
  moment begin_;
};

}  // namespace podmedic::simulation
