#pragma once
#include "base/process_table.hpp"
#include "supervisor/policy/medic.hpp"

#include <optional>
#include <string>

namespace podmedic {

/// Where the ledger lives between podmedic's lives: an emptyDir, which RestartAllContainers keeps.
class state_directory {
 public:
  explicit state_directory(std::string path) : path_(std::move(path)) {}

  struct opened {
    policy::ledger book;  ///< of this boot
    policy::book_found found;
    std::string damage;  ///< what is wrong, for book_found::lost
  };
  /// Reads the ledger. None in a sandbox younger than a minute is a first life; none in an older one, or where the
  /// age cannot be told, or in a Pod that says it was restarted before (`mirrored`), is a lost one.
  opened open(std::optional<milliseconds> sandbox_age, bool mirrored) const;
  /// Writes it durably; an error text, or nothing.
  std::optional<std::string> save(const policy::ledger& book) const;

  std::string socket_path() const { return path_ + "/podmedic.sock"; }
  const std::string& path() const { return path_; }

 private:
  std::string ledger_path() const { return path_ + "/ledger.json"; }
  std::string path_;
};

}  // namespace podmedic
