#pragma once
#include "base/files.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace podmedic {

/// What is seen before a restart, kept in the state volume: diagnostics/<n>-<reason>/, a directory a restart.
///
/// What is being gathered stands in diagnostics/called-off until its restart is written down, and stays there where
/// none follows, until the next is gathered. Each file is whole or not there (write_durably). Every error is for
/// people, and none of them may stop a restart.
class diagnostics {
 public:
  explicit diagnostics(const std::string& state_directory) : directory_(state_directory + "/diagnostics") {}

  /// Which restart they are of; about.json.
  struct subject {
    wall_time at{};
    std::string scope;  ///< "Pod", or the container's name
    std::string probe;
    std::string reason;
    std::string message;
    bool first_of_chain = false;  ///< as policy::evidence
  };
  /// Begins to gather. Refused where less than `free_bytes` would be left: the ledger comes first.
  std::optional<std::string> begin(const subject& about, std::uint64_t free_bytes = 8 * 1024 * 1024);
  /// A further file, cut where it is too large, and said so at its end. `name` is one of ours.
  std::optional<std::string> keep(const std::string& name, std::string content);
  /// Its restart is written down: gives it the next number, and removes what is too much.
  std::optional<std::string> restarts();

  struct file {
    std::string name;
    std::uint64_t bytes = 0;
  };
  struct kept {
    std::uint64_t number = 0;  ///< 0: no restart followed
    std::string directory;     ///< its path
    subject about;             ///< empty, but for the reason, where about.json cannot be read
    std::string at;            ///< of about, as it is written
    std::vector<file> files;   ///< without about.json, sorted
    std::uint64_t bytes = 0;   ///< of all files
  };
  /// Oldest first; what was called off is last. Reads the directory, each time.
  std::vector<kept> list() const;
  /// One of list()'s files, as it is.
  std::variant<std::string, file_error> read(const kept& of, std::string_view name) const;

 private:
  std::string gathering() const { return directory_ + "/called-off"; }
  kept look_at(std::uint64_t number, const std::string& name) const;

  std::string directory_;
  std::size_t bytes_ = 0;  ///< of what is being gathered
  bool gathers_ = false;
};

/// For a terminal: what is not UTF-8 is '?', and so is every control character but line feed and tab.
std::string printable(std::string_view text);

}  // namespace podmedic
