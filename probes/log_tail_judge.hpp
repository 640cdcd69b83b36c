#pragma once
#include "base/verdict.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Whether a log shipper still reads: pure.
namespace podmedic::probes {

struct log_tail_settings {
  std::string path;          ///< for people
  std::int64_t max_lag = 0;  ///< bytes
  milliseconds stalled_after{0};
};

/// What one check saw.
struct log_tail_sample {
  /// Where the shipper's descriptors of one file stand.
  struct reading {
    std::int64_t furthest = 0;  ///< the greatest offset
    std::int64_t sum = 0;       ///< of all offsets: moves when any does
    bool operator==(const reading&) const = default;
  };
  struct file {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    bool old = false;             ///< not at the path any more: renamed or deleted, and still open
    std::optional<reading> held;  ///< nothing where no process of the shipper has it open
  };
  std::string shipper;  ///< tells one life of the shipper from the next
  std::vector<file> files;

  std::string to_text() const;
  /// Throws std::invalid_argument.
  static log_tail_sample parse(std::string_view line);
};

/// A shipper has stopped reading when for the whole of `stalled_after` more than `max_lag` bytes of a file were unread
/// and none of its offsets moved: it may be slow, it may read in bursts, and it may be idle.
///
/// A file that nobody has open is held against the shipper only where the shipper is known to keep its files open: one
/// that opens them for a moment, to read, cannot be judged by its descriptors.
class log_tail_judge {
 public:
  explicit log_tail_judge(log_tail_settings settings) : settings_(std::move(settings)) {}
  /// `at` is monotonic.
  verdict judge(const log_tail_sample& sample, milliseconds at);

 private:
  using file_id = std::pair<std::uint64_t, std::uint64_t>;
  struct known_file {
    std::optional<log_tail_sample::reading> held;  ///< at the last check
    std::optional<std::int64_t> read_to;           ///< as far as it is known to be read; nothing: never seen open
    std::optional<milliseconds> behind_since;      ///< more than max_lag unread, and nothing moved
  };
  bool take(const log_tail_sample& sample);
  void note_openness(const log_tail_sample& sample, milliseconds at);
  std::int64_t unread(const log_tail_sample::file& file) const;
  verdict stalled(const log_tail_sample& sample, const log_tail_sample::file& worst, milliseconds since) const;
  verdict well(const log_tail_sample& sample) const;

  log_tail_settings settings_;
  std::string shipper_;
  std::map<file_id, known_file> files_;
  bool seen_before_ = false;  ///< this shipper has been sampled
  bool has_moved_ = false;    ///< its offsets tell how far it has read
  bool keeps_open_ = false;
  std::optional<milliseconds> open_since_;  ///< it has held a file at each check since then
  int open_checks_ = 0;
};

}  // namespace podmedic::probes
