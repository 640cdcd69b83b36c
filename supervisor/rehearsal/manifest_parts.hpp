#pragma once
#include "supervisor/rehearsal/pod_manifest.hpp"

/// The parts of pod_manifest.cpp's reader.
namespace podmedic::rehearsal {

/// A probe of a container, or nothing where there is none or it is wrong.
std::optional<probe_manifest> read_probe(fields& container, std::string_view name, milliseconds pod_grace);
container_manifest read_container(fields& given, role as, restart_policy of_pod, pod_manifest& pod);
volume_manifest read_volume(fields& given, fields& metadata, pod_manifest& pod);
/// metadata.NAME, or an address: what fieldRef.fieldPath stands for in a rehearsal. Nothing where that is not known.
std::optional<std::string> downward_value(const std::string& field_path, const pod_manifest& pod);

}  // namespace podmedic::rehearsal
