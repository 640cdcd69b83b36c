#include "supervisor/state_directory.hpp"

#include "base/clock.hpp"
#include "base/files.hpp"

#include <cerrno>

namespace podmedic {

state_directory::opened state_directory::open(std::optional<milliseconds> sandbox_age, bool mirrored) const {
  constexpr std::size_t most_bytes = 1024 * 1024;
  constexpr milliseconds young{60'000};  // podmedic is the Pod's first container: only pulling its image comes before
  opened result{};
  const auto lost = [&](std::string damage) {
    result.book = {};
    result.found = policy::book_found::lost;
    result.damage = std::move(damage);
  };
  const auto content = read_file(ledger_path(), most_bytes);
  if (const auto* text = std::get_if<std::string>(&content)) {
    auto read = policy::read_ledger(*text);
    if (auto* book = std::get_if<policy::ledger>(&read)) {
      result.book = std::move(*book);
      result.found = policy::book_found::sound;
    } else {
      lost(ledger_path() + " is damaged: " + std::get<policy::ledger_damage>(read).message);
    }
  } else if (const auto& error = std::get<file_error>(content); error.code != ENOENT) {
    lost(error.message);
  } else if (mirrored) {
    lost("there is none, and the annotation podmedic.io/last-restart tells of an earlier restart");
  } else if (!sandbox_age) {
    lost("there is none, and the age of the Pod's sandbox cannot be told");
  } else if (*sandbox_age > young) {
    lost("there is none, and the Pod's sandbox is " + to_text(*sandbox_age) + " old");
  } else {
    result.found = policy::book_found::first_life;
  }
  result.book.move_to_boot(boot_id());
  return result;
}

std::optional<std::string> state_directory::save(const policy::ledger& book) const {
  const file_error error = write_durably(ledger_path(), book.to_json());
  if (error.code == 0) return std::nullopt;
  return error.message;
}

}  // namespace podmedic
