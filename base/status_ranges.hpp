#pragma once
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace podmedic {

/// HTTP status codes, as "200-399" or "200,204,300-399".
class status_ranges {
 public:
  /// Nothing where it is no such list, or names a code outside 100 to 599.
  static std::optional<status_ranges> parse(std::string_view text);
  bool contains(int status) const;

 private:
  std::vector<std::pair<int, int>> ranges_;  ///< both ends belong to it
};

}  // namespace podmedic
