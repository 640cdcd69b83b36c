#pragma once
#include "base/time.hpp"

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::rehearsal {

/// What the closing summary says.
struct outcome {
  bool good = false;
  std::vector<std::string> failures;        ///< what was not as it must be
  std::vector<std::string> confirmations;   ///< what was
  std::optional<milliseconds> until_ready;  ///< from the fault to the Pod's being Ready for good
  int restarts_of_all = 0;
  std::string log_directory;
};

/// Prints what happens while it happens: a line a phase for people, or a JSON object a line.
class timeline {
 public:
  enum class style { plain, coloured, json };
  /// `width` of the terminal in columns: longer messages go on in the next line; 0: they do not.
  timeline(std::FILE* to, style as, std::size_t width = 0) : to_(to), as_(as), width_(width) {}
  /// Coloured on a terminal, unless NO_COLOR is set (no-color.org).
  static style style_for(std::FILE* to, bool as_json);
  /// 0 where it is no terminal.
  static std::size_t width_of(std::FILE* to);

  void start(const std::string& pod, std::size_t containers, const std::string& log_directory);
  /// Before the fault.
  void remark(std::string_view event, std::string_view message);
  void fault(std::string_view what, instant now);
  /// A phase of the way to recovery, with the sidecar's own words.
  void phase(std::string_view reason, std::string_view title, std::string_view message, instant now);
  /// What else happens to the Pod: a container restarts, Ready changes.
  void event(std::string_view name, std::string_view message, instant now);
  void summary(const outcome& end);

 private:
  void line(const std::string& text);
  std::string painted(std::string_view text, std::string_view code) const;
  std::string since_fault(instant now) const;

  std::FILE* to_;
  style as_;
  std::size_t width_;
  std::optional<instant> fault_;
  instant last_phase_{};
};

}  // namespace podmedic::rehearsal
