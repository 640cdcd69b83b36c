#pragma once
#include "base/fields.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace podmedic::rehearsal {

/// What is done to a container.
struct fault {
  std::string container;
  int signal = 0;  ///< to all its processes; 0: the command is run in it instead
  std::vector<std::string> command;

  std::string to_text() const;
};

/// One of the phases that must follow: a reason that the sidecar tells.
struct expected_phase {
  std::string reason;
  std::string title;  ///< for people
};

/// A file that must have so many lines at the end, which shows that its volume was kept.
struct expected_file {
  std::string volume;
  std::string path;
  int lines = 0;
  std::string title;
};

struct scenario {
  fault inject;
  std::vector<expected_phase> phases;  ///< in this order
  std::vector<expected_file> files;
};

/// fault: {container, signal | command}; phases: [{reason, title}]; files: [{volume, path, lines, title}].
scenario read_scenario(const std::string& source, std::string_view text, mistakes& found);
/// 'CONTAINER: stop', 'CONTAINER: kill' or 'CONTAINER: COMMAND…' (words without quotes).
fault read_fault(std::string_view text, mistakes& found);

/// Follows the phases as the sidecar tells them.
class phase_progress {
 public:
  explicit phase_progress(std::vector<expected_phase> expected) : expected_(std::move(expected)) {}
  /// The phase that the reason stands for, or null.
  const expected_phase* take(std::string_view reason);
  bool complete() const { return taken_ == expected_.size(); }
  /// What came when it should not have.
  const std::vector<std::string>& out_of_order() const { return out_of_order_; }
  /// The titles of those that have not come.
  std::vector<std::string> missing() const;

 private:
  std::vector<expected_phase> expected_;
  std::size_t taken_ = 0;
  std::vector<std::string> out_of_order_;
};

}  // namespace podmedic::rehearsal
