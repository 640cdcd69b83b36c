#pragma once
#include "supervisor/config/configuration.hpp"
#include "supervisor/policy/events.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace podmedic {

/// Whether the file is a mount of its own, by the text of /proc/self/mountinfo (proc(5)), as a volume mounted by
/// subPath is: the kubelet replaces the files of a volume, and never what was mounted so.
bool is_mounted_alone(std::string_view mountinfo, const std::string& file);

/// What speaks against a file of the Pod's annotations being what it should be. `found` are the mistakes in it, `all`
/// is what could be read of it.
std::vector<policy::action::notice> doubts_of_podinfo(const std::string& file, const mistakes& found,
                                                      const config::annotations& all, bool mounted_alone);

}  // namespace podmedic
