#include "base/scalars.hpp"
#include "supervisor/config/annotation_names.hpp"
#include "supervisor/config/parts.hpp"
#include "supervisor/config/rfc3339.hpp"
#include "supervisor/config/words.hpp"

#include <algorithm>

namespace podmedic::config {
namespace {

void complain(configuration& into, std::string_view annotation, std::string message) {
  into.found.push_back({std::string(annotation), 0, 0, "", std::move(message)});
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

void read_mode(std::string_view value, configuration& into) {
  const auto& all = words<policy::mode>;
  const std::string_view word = trimmed(value);
  const auto at = std::find(all.begin(), all.end(), word);
  if (at != all.end()) {
    into.rules.in_mode = static_cast<policy::mode>(at - all.begin());
    return;
  }
  into.rules.in_mode = policy::mode::observe;
  const std::string nearest = nearest_name(word, all);
  complain(into, annotation::mode,
           "expected Observe or Enforce, found " + quoted(word) +
               (nearest.empty() ? "" : "; did you mean " + nearest + "?") + "; until this is mended podmedic observes");
}

void read_paused_until(std::string_view value, configuration& into) {
  into.rules.paused_until = read_rfc3339(trimmed(value));
  if (into.rules.paused_until) return;
  into.rules.paused_until = until_mended;
  complain(into, annotation::paused_until,
           "expected a time as 2026-12-01T08:00:00Z (RFC 3339), found " + quoted(trimmed(value)) +
               "; podmedic is paused until this is mended or removed");
}

}  // namespace podmedic::config
