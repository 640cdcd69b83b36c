#pragma once
#include <string>
#include <string_view>

namespace podmedic {

/// The id of the container that a process belongs to, from its /proc/PID/cgroup (cgroups(7)): 64 hexadecimal digits
/// that the container runtimes put into the cgroup's name. Empty where there is none: a process of the host, or the
/// reader's own container in a private cgroup namespace ("0::/").
std::string container_id_in(std::string_view cgroup_text);

/// The name of the container that a process belongs to, from its /proc/PID/mountinfo (proc(5), readable by every uid):
/// the kubelet mounts …/pods/UID/containers/NAME/HASH into each container as its terminationMessagePath. Empty where
/// there is no such mount.
std::string container_name_in(std::string_view mountinfo_text);

}  // namespace podmedic
