#pragma once
#include "base/time.hpp"
#include "base/verdict.hpp"
#include "probes/stillness.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Whether a file goes on changing: pure.
namespace podmedic::probes {

struct heartbeat_settings {
  std::string file;
  milliseconds max_age{30'000};
};

/// What one check of a heartbeat probe saw. None of it is compared with a clock.
struct heartbeat_sample {
  struct written {
    std::int64_t inode = 0;
    std::int64_t mtime_ns = 0;
    bool operator==(const written&) const = default;
  };
  std::optional<written> file;           ///< where the file itself must change
  std::optional<std::string> counter;    ///< where a number in it must: its digits
  std::string main_process;              ///< as main_process(); empty: not seen
  std::optional<diagnosis> unread = {};  ///< why nobody could look

  /// There was nothing to see: no such file.
  bool missing() const { return !file && !counter && !unread; }
  std::string to_text() const;
  /// Throws std::invalid_argument where it is none.
  static heartbeat_sample parse(std::string_view line);
};

/// The number in a text: its first run of digits and points, or the first one after `after`; nothing where there is
/// none.
std::optional<std::string> number_after(std::string_view text, std::string_view after);

/// Fails where the file has not changed, or has been gone, for the settings' time of podmedic's own monotonic clock; so
/// no wall clock matters, the file's own neither. A file that has never been there is not judged: the path may be
/// wrong. The time begins anew with another main process, and where nobody looked for more than half of it.
///
/// A file whose times have all been whole seconds is given two seconds more: its file system may know no finer ones.
class heartbeat_judge {
 public:
  explicit heartbeat_judge(heartbeat_settings settings)
      : settings_(std::move(settings)), stillness_(settings_.max_age * 6 / 10) {}
  /// `at` is the time of the look on a monotonic clock.
  verdict judge(const heartbeat_sample& sample, milliseconds at);

 private:
  bool moved(const heartbeat_sample& sample);
  milliseconds allowed() const;
  verdict judge_still(const heartbeat_sample& sample, milliseconds still) const;

  heartbeat_settings settings_;
  stillness stillness_;
  std::optional<heartbeat_sample> last_there_;
  std::string main_process_;
  bool whole_seconds_ = true;
};

}  // namespace podmedic::probes
