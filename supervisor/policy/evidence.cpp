#include "supervisor/policy/evidence.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace podmedic::policy {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// The first of the chain that the newest belongs to; the newest where none is known.
std::uint64_t most_precious(const std::vector<evidence>& sorted) {
  const auto first = std::find_if(sorted.rbegin(), sorted.rend(), [](const evidence& e) { return e.first_of_chain; });
  return first == sorted.rend() ? sorted.back().number : first->number;
}

}  // namespace

std::vector<std::uint64_t> evidence_to_remove(std::vector<evidence> kept) {
  std::vector<std::uint64_t> gone;
  if (kept.empty()) return gone;
  std::sort(kept.begin(), kept.end(), [](const evidence& a, const evidence& b) { return a.number < b.number; });
  const std::uint64_t precious = most_precious(kept);
  const auto too_much = [&] {
    const std::size_t bytes =
        std::accumulate(kept.begin(), kept.end(), std::size_t{0},
                        [](std::size_t sum, const evidence& e) { return sum + std::min(e.bytes, SIZE_MAX - sum); });
    return kept.size() > evidence_bounds::restarts || bytes > evidence_bounds::of_all;
  };
  while (too_much()) {
    const auto oldest =
        std::find_if(kept.begin(), kept.end() - 1, [&](const evidence& e) { return e.number != precious; });
    if (oldest == kept.end() - 1) break;
    gone.push_back(oldest->number);
    kept.erase(oldest);
  }
  return gone;
}

std::size_t evidence_room(std::size_t bytes_of_restart) {
  const std::size_t taken = std::min(bytes_of_restart, evidence_bounds::of_restart);
  return std::min(evidence_bounds::of_file, evidence_bounds::of_restart - taken);
}

std::string evidence_name(std::uint64_t number, std::string_view reason) {
  constexpr std::size_t longest = 40;
  std::string name = std::to_string(number) + "-";
  const std::size_t most = name.size() + longest;
  for (const char c : reason) {
    if (is_letter_or_digit(c) && name.size() < most) name += c;
  }
  if (name.back() == '-') name += "Restart";
  return name;
}

std::optional<std::uint64_t> evidence_number(std::string_view name) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const std::string_view reason(end, static_cast<std::size_t>(name.data() + name.size() - end));
  if (error != std::errc() || number == 0 || reason.size() < 2 || reason.front() != '-') return std::nullopt;
  if (!std::all_of(reason.begin() + 1, reason.end(), is_letter_or_digit)) return std::nullopt;
  return number;
}

}  // namespace podmedic::policy
