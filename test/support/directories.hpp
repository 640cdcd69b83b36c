#pragma once
#include <string>

namespace podmedic::test {

/// Where this clone's sources are, and what was built of them; absolute, without a slash at the end.
std::string source_directory();
std::string binary_directory();

}  // namespace podmedic::test
