#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What an http probe expects of an answer: pure.
namespace podmedic::probes {

/// HTTP status codes, as "200-399" or "200,204,300-399".
class status_ranges {
 public:
  /// Nothing where it is no such list, or names a code outside 100 to 599.
  static std::optional<status_ranges> parse(std::string_view text);
  bool contains(int status) const;

 private:
  std::vector<std::pair<int, int>> ranges_;  ///< both ends belong to it
};

/// Looks for a text in a body that comes in pieces of any size, and keeps no more of it than the text is long.
class text_search {
 public:
  /// An empty text is found at once.
  explicit text_search(std::string text) : text_(std::move(text)), found_(text_.empty()) {}
  void take(std::string_view piece);
  bool found() const { return found_; }

 private:
  std::string text_;
  std::string tail_;
  bool found_;
};

}  // namespace podmedic::probes
