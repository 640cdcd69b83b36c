#pragma once
#include "supervisor/policy/rules.hpp"
#include "supervisor/simulation/moment.hpp"

#include <cstdint>
#include <optional>
#include <vector>

/// What is simulated: a fleet of equal Pods, what goes wrong with it, and for how long.
namespace podmedic::simulation {

/// What makes servers stop answering. They still accept connections.
struct illness {
  enum class kind {
    wedge,   ///< until the server is restarted
    poison,  ///< whatever is done: a release that cannot work
    leak,    ///< at some age, after each start anew
  };
  kind what = kind::wedge;
  moment at = std::chrono::seconds(60);        ///< wedge, poison
  milliseconds every = std::chrono::hours(1);  ///< leak: that age
  milliseconds spread{0};                      ///< each replica so much later at most, at random; 0: all at once
  double share = 1;                            ///< of the replicas, in (0, 1]
  std::optional<milliseconds> lasts;           ///< wedge: it passes by itself
};

/// For a while.
struct interruption {
  moment at = std::chrono::seconds(60);
  milliseconds lasts = std::chrono::seconds(60);
  double share = 1;  ///< of the replicas, in (0, 1]
};

/// What makes podmedic's own life hard.
struct troubles {
  milliseconds api_latency{20};             ///< of a request and its answer together
  double api_failures = 0;                  ///< of the requests, in [0, 1]: answered by an error
  double api_conflicts = 0;                 ///< of the writes, in [0, 1]: as if another had written first
  std::vector<interruption> outages;        ///< nobody reaches the API server
  std::vector<interruption> partitions;     ///< some do not
  std::optional<milliseconds> crash_every;  ///< podmedic is killed, in the mean so often a replica
  milliseconds skew{0};                     ///< of each replica's wall clock, at most, both ways
};

struct plan {
  int replicas = 10;
  milliseconds length = std::chrono::hours(24);
  std::uint64_t seed = 1;
  policy::rules rules;                                   ///< with one probe
  milliseconds period = std::chrono::seconds(10);        ///< of its checks
  milliseconds timeout = std::chrono::seconds(1);        ///< of one check
  milliseconds warm_up = std::chrono::seconds(30);       ///< from a server's start until it answers
  milliseconds restart_takes = std::chrono::seconds(5);  ///< from the end of containers until they have started anew
  milliseconds grace = std::chrono::seconds(30);         ///< the Pod's terminationGracePeriodSeconds
  std::vector<illness> illnesses;
  troubles troubled;
  bool takes_turns = true;  ///< podmedic may use the API, and sees its fleet
};

/// A number of its own for each purpose, from the plan's seed.
std::uint64_t seed_of(const plan& of, std::uint64_t purpose, std::uint64_t number);
/// Whether a share of all replicas takes in that one: at least one, and evenly among them.
bool is_in_share(const plan& of, double share, int replica);

}  // namespace podmedic::simulation
