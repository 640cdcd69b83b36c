#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How much of what was seen before a restart is kept, and of which restarts.
namespace podmedic::policy {

/// They share the volume with the ledger, which must always find room, and where that volume is memory, they count
/// against podmedic's own limit.
namespace evidence_bounds {
inline constexpr std::size_t of_file = 1024 * 1024;
inline constexpr std::size_t of_restart = 4 * 1024 * 1024;
inline constexpr std::size_t of_all = 8 * 1024 * 1024;
inline constexpr std::size_t restarts = 5;
}  // namespace evidence_bounds

/// What is kept of one restart.
struct evidence {
  std::uint64_t number = 0;  ///< counts the restarts with evidence, from 1
  std::size_t bytes = 0;
  /// The restart before it, if any, had led to recovery: the illness was seen as it began, not after restarts.
  bool first_of_chain = false;
};

/// The numbers of those that go so that the bounds hold, oldest first. The newest stays, and the first of the restarts
/// without recovery that it ends: that one saw the illness itself.
std::vector<std::uint64_t> evidence_to_remove(std::vector<evidence> kept);

/// How many bytes of a further file may be kept beside those of the same restart.
std::size_t evidence_room(std::size_t bytes_of_restart);

/// The name of its directory: "7-ProbeTimedOut". Of the reason, which may be anything, at most 40 letters and digits.
std::string evidence_name(std::uint64_t number, std::string_view reason);
/// The number in such a name; nothing where it is none.
std::optional<std::uint64_t> evidence_number(std::string_view name);

}  // namespace podmedic::policy
