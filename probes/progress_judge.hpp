#pragma once
#include "base/time.hpp"
#include "base/verdict.hpp"
#include "probes/stillness.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Whether a server that has work gets on with it: pure.
namespace podmedic::probes {

struct progress_settings {
  std::string pending;   ///< the metric's name, for messages
  std::string counters;  ///< the counters' names, for messages
  milliseconds stalled{60'000};
};

/// What one check of a progress probe saw.
struct progress_sample {
  double pending = 0;                    ///< work that waits or is under way: the sum of all metrics that count it
  std::vector<double> counters;          ///< in the order of the configuration
  std::string main_process;              ///< as main_process(); empty: not seen
  std::optional<diagnosis> unread = {};  ///< why there are no values

  std::string to_text() const;
  /// Throws std::invalid_argument where it is none.
  static progress_sample parse(std::string_view line);
};

/// Fails where work has been pending at every look for the settings' time, and none of the counters has changed. Any
/// change is progress, a decrease too: that is a restart. So is another main process. Looks further apart than half of
/// that time (and a little, since checks are not punctual) prove nothing: nobody knows what happened between them.
class progress_judge {
 public:
  explicit progress_judge(progress_settings settings)
      : settings_(std::move(settings)), stillness_(settings_.stalled * 6 / 10) {}
  /// `at` is the time of the look on a monotonic clock.
  verdict judge(const progress_sample& sample, milliseconds at);

 private:
  bool moved(const progress_sample& sample) const;
  verdict judge_busy(const progress_sample& sample, milliseconds still) const;

  progress_settings settings_;
  stillness stillness_;
  std::optional<progress_sample> last_;
};

}  // namespace podmedic::probes
