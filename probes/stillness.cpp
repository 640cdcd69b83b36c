#include "probes/stillness.hpp"

namespace podmedic::probes {

milliseconds stillness::look(bool moved, milliseconds at) {
  const bool too_long = since_ && !moved && at - last_ > longest_gap_;
  unwatched_ = too_long ? std::optional(at - last_) : std::nullopt;
  if (!since_ || moved || too_long) since_ = at;
  last_ = at;
  return at - *since_;
}

}  // namespace podmedic::probes
