#include "supervisor/policy/pace.hpp"

#include <algorithm>

namespace podmedic::policy {

milliseconds pace::after(const verdict& found, milliseconds period) {
  const auto* said = std::get_if<unknown>(&found);
  if (said == nullptr || !said->busy) {
    last_ = milliseconds(0);
    return period;
  }
  const bool told = *said->busy > milliseconds(0);
  const milliseconds wanted = told ? *said->busy : 2 * std::max(last_, period);
  last_ = std::max(period, std::min(wanted, longest));
  return last_;
}

}  // namespace podmedic::policy
