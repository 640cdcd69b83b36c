#pragma once
#include "base/files.hpp"
#include "probes/probe.hpp"

#include <string>
#include <variant>

namespace podmedic::probes {

/// Opens a file that a probe's field names, for reading: in podmedic's own mounts, or with `root: Container` in the
/// container's, through /proc/PID/root of its main process; absolute symbolic links are then the container's as well
/// (openat2(2), RESOLVE_IN_ROOT). Never blocks on a FIFO. `flags` are added, O_PATH for example.
///
/// Where it cannot, the diagnosis says what is missing: FileMissing, FileUnreadable, or for the way into the container
/// ContainerNotReadable with the right that is wanted.
std::variant<unique_fd, diagnosis> open_probe_file(const surroundings& around, const std::string& path, int flags = 0);

/// Of an open file, at most `max_bytes`; a longer one is FileTooLong.
std::variant<std::string, diagnosis> read_probe_file(const surroundings& around, const std::string& path,
                                                     std::size_t max_bytes);

}  // namespace podmedic::probes
