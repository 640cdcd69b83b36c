#pragma once
#include "base/time.hpp"
#include "base/verdict.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::probes {

struct config_change_settings {
  std::vector<std::string> files;
  milliseconds settle{10'000};  ///< a change counts when it has stood for so long
};

/// The container's main process, told from every other one of the node and of its earlier boots.
struct main_process {
  std::int64_t pid = 0;
  std::int64_t started = 0;  ///< milliseconds on the boot clock
  std::string boot;          ///< boot_id()

  bool operator==(const main_process&) const = default;
};

/// What one check saw: all files whole, and who runs.
struct config_change_sample {
  std::string digests;  ///< of each file, in their order, separated by commas
  main_process main;

  std::string to_text() const;
  /// Throws std::invalid_argument.
  static config_change_sample parse(std::string_view line);
};

/// Whether the files are still those that the main process started with: pure.
///
/// A process is taken to have started with what the first look after its start saw. So what changes between the two is
/// not noticed, and in return no start is ever mistaken for a change.
class config_change_judge {
 public:
  /// `memory` is what memory() was in podmedic's earlier life; empty, or no text of its own, where there was none.
  config_change_judge(config_change_settings settings, std::string_view memory);

  verdict judge(const config_change_sample& sample, milliseconds at);
  /// What podmedic's next life must know: which process started with which files.
  std::string memory() const;

 private:
  std::string changed_files(const std::string& now) const;

  const config_change_settings settings_;
  std::optional<config_change_sample> in_effect_;
  std::string last_;        ///< digests, as the last check saw them
  milliseconds stands_{0};  ///< since when
};

}  // namespace podmedic::probes
