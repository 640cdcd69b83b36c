#include "probes/memory_trend.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <vector>

namespace podmedic::probes {
namespace {

constexpr int parts = 60;
constexpr std::size_t least_points = 12;
constexpr int quarters = 4;
constexpr double least_share = 0.25;  // of an even quarter's growth

struct spot {
  double seconds;
  double amount;
};

double seconds_of(milliseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

/// The median of the slopes of all pairs (Theil 1950, Sen 1968): nearly a third of the points may be wrong.
double theil_sen(std::span<const spot> spots) {
  std::vector<double> slopes;
  slopes.reserve(spots.size() * (spots.size() - 1) / 2);
  for (std::size_t i = 0; i < spots.size(); ++i) {
    for (std::size_t j = i + 1; j < spots.size(); ++j) {
      slopes.push_back((spots[j].amount - spots[i].amount) / (spots[j].seconds - spots[i].seconds));
    }
  }
  if (slopes.empty()) return 0;
  const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(slopes.size() / 2);
  std::nth_element(slopes.begin(), middle, slopes.end());
  return *middle;
}

}  // namespace

void memory_trend::add(std::int64_t amount, milliseconds at) {
  if (!begin_) begin_ = at;
  const std::int64_t part = (at - *begin_).count() * parts / std::max<std::int64_t>(window_.count(), 1);
  if (!points_.empty() && points_.back().part == part) {
    if (amount < points_.back().amount) points_.back() = {part, at, amount};
  } else if (points_.empty() || at > points_.back().at) {
    points_.push_back({part, at, amount});
  }
  while (points_.size() > 1 && points_.front().part < part - parts) points_.pop_front();
}

std::optional<memory_trend::course> memory_trend::rising() const {
  if (points_.size() < least_points || points_.back().at - *begin_ < window_) return std::nullopt;
  std::vector<spot> lowest(points_.size());
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = points_.size(); i-- > 0;) {
    least = std::min(least, static_cast<double>(points_[i].amount));
    lowest[i] = {seconds_of(points_[i].at), least};
  }
  const double span = lowest.back().seconds - lowest.front().seconds;
  std::array<double, quarters + 1> levels{};
  std::array<std::size_t, quarters + 1> firsts{};
  for (int k = 0; k <= quarters; ++k) {
    const double from = lowest.front().seconds + span * k / quarters;
    const auto at = k == quarters ? lowest.end() - 1
                                  : std::find_if(lowest.begin(), lowest.end(),
                                                 [&](const spot& each) { return each.seconds >= from; });
    levels[static_cast<std::size_t>(k)] = at->amount;
    firsts[static_cast<std::size_t>(k)] = static_cast<std::size_t>(at - lowest.begin());
  }
  const double growth = levels.back() - levels.front();
  if (growth <= 0) return std::nullopt;
  for (std::size_t k = 0; k < quarters; ++k) {
    if (levels[k + 1] - levels[k] < growth / quarters * least_share) return std::nullopt;
  }
  const std::span<const spot> newer = std::span<const spot>(lowest).subspan(firsts[quarters / 2]);
  const double slope = std::min(theil_sen(lowest), theil_sen(newer));
  if (slope <= 0) return std::nullopt;
  const double before = levels[2] - levels[0];
  const double after = levels[4] - levels[2];
  const double ratio = after / before;
  // The sum of all growth to come, if each half of a window goes on to bring `ratio` of what the one before it brought.
  const double to_come = ratio < 1 ? after * ratio / (1 - ratio) : std::numeric_limits<double>::infinity();
  return course{slope, static_cast<std::int64_t>(lowest.back().amount), lowest.back().amount + to_come};
}

}  // namespace podmedic::probes
