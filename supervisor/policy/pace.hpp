#pragma once
#include "base/verdict.hpp"

namespace podmedic::policy {

/// How soon to ask again: after a period, but a target that says that it is busy is left alone for longer. As long as
/// it asks for; where it does not say, twice as long as the last time. Never longer than `longest`, unless the period
/// is.
class pace {
 public:
  static constexpr milliseconds longest{60'000};

  /// From the begin of a check that found this to the begin of the next one.
  milliseconds after(const verdict& found, milliseconds period);

 private:
  milliseconds last_{0};  ///< of the busy answers in a row; 0 where the last one was none
};

}  // namespace podmedic::policy
