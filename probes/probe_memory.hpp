#pragma once
#include "base/files.hpp"

#include <string>

namespace podmedic::probes {

/// What a probe must know in podmedic's next life (surroundings::memory_file): a line of text in a file of its own.
class probe_memory {
 public:
  /// Reads what the earlier life kept, 64 KiB at most; empty where there is none, or no file.
  explicit probe_memory(std::string file);
  const std::string& text() const { return kept_; }
  /// Writes it durably where it differs from what is kept. Nothing, or why it could not: to be tried again at the next
  /// check.
  std::string keep(const std::string& text);

 private:
  const std::string file_;
  std::string kept_;
};

}  // namespace podmedic::probes
