#pragma once
#include "base/fields.hpp"
#include "hooks/hook.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace podmedic::hooks {

/// A hook's own fields, read and found right; makes the hook when it is time.
struct spec {
  std::string target;  ///< for people: "http POST http://127.0.0.1:15000/healthcheck/fail"
  std::function<std::unique_ptr<hook>(const surroundings&)> make;
};

/// A hook kind: one line in registry.cpp and one file beside it.
struct kind {
  std::string_view name;      ///< the field that chooses it: http, exec, signal, waitFor
  spec (*read)(fields& own);  ///< reads the fields of the mapping under `name`, and calls finish() on it
};

std::span<const kind> kinds();

}  // namespace podmedic::hooks
