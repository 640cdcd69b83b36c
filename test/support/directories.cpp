#include "test/support/directories.hpp"

namespace podmedic::test {

std::string source_directory() {
  return SOURCE_DIRECTORY;
}
std::string binary_directory() {
  return BINARY_DIRECTORY;
}

}  // namespace podmedic::test
