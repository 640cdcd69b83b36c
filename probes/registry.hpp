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

/// A probe's own fields, read and found right; makes the probe when it is time.
struct spec {
  std::string target;  ///< for people: "grpc 127.0.0.1:8001 service \"\""
  bool local = true;   ///< the target is this Pod itself; else the probe may only observe
  std::function<std::unique_ptr<probe>(const surroundings&)> make;
};

/// Where a failing probe leaves the Pod while it waits for its turn.
enum class traffic { unready, in_service };

/// A probe kind: one line in registry.cpp, one file beside it, one page in docs/probes.
struct kind {
  std::string_view name;            ///< the field that chooses it, as "grpc"
  traffic while_waiting;            ///< default of whileWaiting
  /// Reads the fields of the mapping under `name`, and calls finish() on it. With mistakes, `make` may be empty.
  /// Null: design has the kind and this version does not; it is refused by name.
  spec (*read)(fields& own);
};

/// All kinds, those that have no code yet too.
std::span<const kind> kinds();

}  // namespace podmedic::probes
