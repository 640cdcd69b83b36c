#include "probes/http_expectation.hpp"

#include <algorithm>

namespace podmedic::probes {

void text_search::take(std::string_view piece) {
  if (found_) {
    return;
  }
  tail_ += piece;
  found_ = tail_.find(text_) != std::string::npos;
  const std::size_t keep = found_ ? 0 : std::min(tail_.size(), text_.size() - 1);
  tail_.erase(0, tail_.size() - keep);
}

}  // namespace podmedic::probes
