#pragma once
#include "base/time.hpp"
#include "base/verdict.hpp"
#include "probes/config_change_judge.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::probes {

struct credential_settings {
  std::string file;
  std::string served_at;       ///< where the certificate is presented; empty: nowhere that podmedic is told of
  bool read_at_start = false;  ///< the process reads the file when it starts, and never again
  milliseconds max_load_delay{120'000};
  milliseconds min_validity{0};
};

/// What one check saw. Times are seconds since 1970, by the wall clock: they decide about expiry, which restarts
/// nothing, and about nothing else.
struct credential_sample {
  /// What the server presents.
  struct presented {
    std::string print;
    std::int64_t valid_from = 0;
    std::int64_t valid_until = 0;
    bool same_purpose = false;  ///< certificate::same_purpose() with the one on file
  };

  bool token = false;  ///< a JWT; else an X.509 certificate
  std::string print;   ///< tells the credential on file from every other
  std::optional<std::int64_t> valid_from;
  std::optional<std::int64_t> valid_until;
  std::int64_t now = 0;
  std::optional<bool> key_fits;
  std::optional<presented> served;
  std::string not_served;  ///< why the server's certificate could not be seen
  std::optional<main_process> main;

  std::string to_text() const;
  /// Throws std::invalid_argument.
  static credential_sample parse(std::string_view line);
};

/// Whether the credential on file is good, and whether it is in use: pure.
///
/// How long a process has had to load it is counted on the monotonic clock, from the first sample that showed it: no
/// step of the wall clock and no odd time stamp makes it older than it is.
class credential_judge {
 public:
  /// `memory` as for config_change_judge.
  credential_judge(credential_settings settings, std::string_view memory);

  verdict judge(const credential_sample& sample, milliseconds at);
  std::string memory() const { return starts_.memory(); }

 private:
  std::optional<unknown> forbidden(const credential_sample& sample) const;
  verdict judge_served(const credential_sample& sample, milliseconds at) const;
  verdict judge_validity(const credential_sample& sample) const;

  const credential_settings settings_;
  config_change_judge starts_;
  std::string print_;              ///< on file
  milliseconds since_{0};          ///< it was first seen there
  std::vector<std::string> past_;  ///< what was on file before, the latest last
};

}  // namespace podmedic::probes
