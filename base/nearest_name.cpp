#include "base/fields.hpp"

#include <algorithm>
#include <cstdlib>

namespace podmedic {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// Edits of one letter, or swaps of two neighbours, that turn `a` into `b` (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::move(last);
    last = std::move(row);
  }
  return last.back();
}

}  // namespace

std::string nearest_name(std::string_view given, std::span<const std::string_view> valid) {
  const std::string wanted = lower(given);
  std::string_view nearest;
  std::size_t smallest = 0;
  for (const std::string_view name : valid) {
    const std::size_t most = std::max(given.size(), name.size()) / 3;
    const std::size_t difference = given.size() > name.size() ? given.size() - name.size() : name.size() - given.size();
    if (difference > most) continue;
    const std::size_t distance = edit_distance(wanted, lower(name));
    if (distance <= most && (nearest.empty() || distance < smallest)) {
      nearest = name;
      smallest = distance;
    }
  }
  return std::string(nearest);
}

}  // namespace podmedic
