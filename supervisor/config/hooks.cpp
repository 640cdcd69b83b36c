#include "supervisor/config/kinds.hpp"
#include "supervisor/config/parts.hpp"
#include "supervisor/config/words.hpp"

namespace podmedic::config {

using namespace std::chrono_literals;

void read_hook(const std::string& annotation, std::string_view value, std::span<const hooks::kind> kinds,
               configuration& into) {
  const std::size_t before = into.found.size();
  fields in = fields::parse(annotation, value, into.found);
  hook_entry entry;
  entry.name = name_in(annotation, into.found);
  const hooks::kind* kind = chosen_kind(in, kinds);
  if (kind != nullptr) {
    if (std::optional<fields> own = in.object(kind->name)) entry.spec = kind->read(*own);
  }
  entry.phase = read_word(in, "phase", entry.phase);
  entry.timeout = in.seconds("timeoutSeconds", entry.timeout, 10ms, 10min);
  entry.on_error = read_word(in, "onError", entry.on_error);
  if (entry.phase == hook_phase::startup) {
    if (kind != nullptr && kind->name == "signal") {
      in.complain("signal",
                  "reaches nobody in phase Startup, where no other container runs yet; use http, exec or waitFor");
    }
    if (entry.on_error == on_hook_error::abort) {
      in.complain("onError", "a hook of phase Startup is run until it works; there is no restart to abort");
    }
  }
  in.finish();
  if (into.found.size() > before) return;
  into.fixed[annotation] = in.canonical();
  into.hooks.push_back(std::move(entry));
}

}  // namespace podmedic::config
