#pragma once
#include <map>
#include <string>
#include <string_view>

/// Files as the kubelet writes them for a downwardAPI volume.
namespace podmedic::rehearsal {

/// Annotations or labels: `key="value"` a line, sorted, the value quoted as Go's strconv.Quote does.
std::string downward_map_text(const std::map<std::string, std::string>& values);

/// Writes the files as the kubelet's AtomicWriter does: into a directory with a time in its name, which the symbolic
/// link
/// ..data is then turned to; each file is a link through ..data. An error text, or empty.
std::string write_downward_volume(const std::string& directory, const std::map<std::string, std::string>& files);

}  // namespace podmedic::rehearsal
