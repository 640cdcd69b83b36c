#pragma once
#include <string>
#include <string_view>

/// What an http probe expects of an answer: pure.
namespace podmedic::probes {

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
