#pragma once
#include "supervisor/simulation/moment.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace podmedic::simulation {

/// What a fleet went through, as those see it who use it. Times count from `begin`; what was before is a lead-in, in
/// which the fleet starts.
class course {
 public:
  static constexpr std::size_t columns = 720;

  course(int replicas, moment begin, milliseconds length);

  /// All in the order of time.
  void serves(int replica, moment now, bool does);
  void fell_ill(int replica, moment now);  ///< its server does not answer
  void restarted(int replica, moment now);
  void ended();

  /// From the first illness until every replica that fell ill has served again once; none: some have not.
  std::optional<milliseconds> time_to_heal() const;
  int fell_ill() const { return ill_; }
  int peak_unavailable() const { return peak_; }
  std::uint64_t restarts() const { return restarts_; }
  std::uint32_t most_restarts() const;  ///< of one replica
  /// The most that did not serve, in each of `columns` parts of the time.
  const std::vector<int>& unavailable() const { return unavailable_; }

 private:
  enum class state : std::uint8_t { well, awaits_healing, healed };
  struct replica_state {
    bool serves = false;
    state healing = state::well;
    std::uint32_t restarts = 0;
  };
  void pass(moment now);  ///< the time since last_, in which so many did not serve

  moment begin_;
  milliseconds length_;
  std::vector<replica_state> replicas_;
  std::vector<int> unavailable_;
  int out_;  ///< do not serve now
  moment last_{};
  int peak_ = 0;
  int ill_ = 0;
  int awaiting_ = 0;
  std::optional<moment> first_ill_;
  moment last_healed_{};
  std::uint64_t restarts_ = 0;
};

}  // namespace podmedic::simulation
