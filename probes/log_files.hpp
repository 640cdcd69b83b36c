#pragma once
#include "probes/probe.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace podmedic::probes {

/// A regular file, as stat(2) tells it.
struct log_file {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
};

/// The regular files at a path whose file name may hold `*`, `?` and `[…]` (glob(7)), each once; none is no error.
/// Looks in podmedic's mounts or the container's, as open_probe_file(). More than 256 files, or 16384 names in the
/// directory, are a diagnosis: TooManyFiles.
std::variant<std::vector<log_file>, diagnosis> find_log_files(const surroundings& around, const std::string& path);

}  // namespace podmedic::probes
