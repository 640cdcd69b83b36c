#pragma once
#include "base/verdict.hpp"
#include "probes/memory_trend.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Whether a container is about to run out of memory: pure.
namespace podmedic::probes {

struct memory_settings {
  std::optional<double> max_usage;  ///< share of the limit, 0 to 1
  std::optional<milliseconds> time_to_limit;
  milliseconds window{0};             ///< of the trend
  std::optional<std::int64_t> limit;  ///< bytes; where the cgroup has none, or a greater one
};

/// What one check saw.
struct memory_sample {
  std::string container;   ///< tells one life of it from the next
  std::string layout;      ///< "v1", "v2"
  std::int64_t usage = 0;  ///< bytes
  std::int64_t reclaimable = 0;
  std::optional<std::int64_t> limit;

  std::string to_text() const;
  /// Throws std::invalid_argument.
  static memory_sample parse(std::string_view line);
};

/// Judges what the kernel cannot take back: usage without page cache. That alone ends in the OOM killer.
///
/// A level that it has fallen back from by itself, by a tenth of the limit, is no news: up to there, and a twentieth of
/// the limit above, nothing is called a leak. Once failing, it passes again when usage is clearly below, or the time
/// clearly longer.
class memory_judge {
 public:
  explicit memory_judge(memory_settings settings) : settings_(settings), trend_(settings.window) {}
  /// `at` is monotonic.
  verdict judge(const memory_sample& sample, milliseconds at);

 private:
  void note_peak(std::int64_t used, std::int64_t limit);
  std::optional<fail> judge_usage(std::int64_t used, std::int64_t limit);
  std::optional<fail> judge_trend(std::int64_t limit);

  memory_settings settings_;
  memory_trend trend_;
  std::string container_;
  std::int64_t peak_ = 0;  ///< since it last fell
  std::int64_t harmless_up_to_ = 0;
  bool too_much_ = false;
  bool running_out_ = false;
};

}  // namespace podmedic::probes
