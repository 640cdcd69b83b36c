#pragma once
#include "supervisor/manifest/finding.hpp"

#include <string_view>
#include <vector>

namespace podmedic::manifest {

struct verdict {
  std::vector<finding> found;  ///< by line and column
  int pods = 0;                ///< with podmedic in them
  int others = 0;              ///< without
};

/// All that is wrong with the Pods of a file, at once. What is not podmedic's business is not looked at. Pure.
verdict validate(std::string_view file);

}  // namespace podmedic::manifest
