#pragma once
#include "base/fields.hpp"
#include "probes/probe.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace podmedic::probes {

/// Judges samples that were recorded before (surroundings::on_sample), in their order: the probe's own judgement,
/// without a target. `at` is the time of the sample on a monotonic clock. Throws std::invalid_argument for a line that
/// is no sample of the kind.
using sample_judge = std::function<verdict(std::string_view sample, milliseconds at)>;

/// A probe's own fields, read and found right; makes the probe when it is time.
struct spec {
  std::string target;  ///< for people: "grpc 127.0.0.1:8001 service \"\""
  bool local = true;   ///< the target is this Pod itself; else the probe may only observe
  std::function<std::unique_ptr<probe>(const surroundings&)> make;
  std::function<sample_judge()> replay = {};  ///< empty: the kind has no samples
  std::string only_observes =
      {};  ///< why a restart would not help, so that the probe may only observe; empty: it may act
};

/// Where a failing probe leaves the Pod while it waits for its turn.
enum class traffic { unready, in_service };

/// Whether the kind's paths may be the container's (`root: Container`).
enum class paths { none, of_podmedic_or_container };

/// A probe kind: one line in registry.cpp, one file beside it, one page in docs/probes.
struct kind {
  std::string_view name;  ///< the field that chooses it, as "grpc"
  traffic while_waiting;  ///< default of whileWaiting
  /// Reads the fields of the mapping under `name`, and calls finish() on it. With mistakes, `make` may be empty.
  /// Null: design has the kind and this version does not; it is refused by name.
  spec (*read)(fields& own);
  paths reads = paths::none;
  bool observes = false;  ///< default of onFailure is Observe
};

/// All kinds, those that have no code yet too.
std::span<const kind> kinds();

}  // namespace podmedic::probes
