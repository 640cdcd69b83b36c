#pragma once
#include "test/support/directories.hpp"

#include <fstream>
#include <sstream>
#include <string>

namespace podmedic::test {

/// A file of this clone, as in "examples/wedged-grpc/pod.yaml"; empty where it cannot be read.
inline std::string text_of(const std::string& path) {
  std::ifstream file(source_directory() + '/' + path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace podmedic::test
