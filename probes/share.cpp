#include "probes/share.hpp"

#include <charconv>
#include <string>

namespace podmedic::probes {

double read_share(fields& own, std::string_view name) {
  const std::string text = own.text(name, "");
  if (own.failed(name)) return 1;
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent, std::chars_format::fixed);
  if (error != std::errc{} || std::string_view(end, text.data() + text.size()) != "%" ||
      !(percent > 0 && percent <= 100)) {
    own.complain(name, "expected a share, as in 90%");
    return 1;
  }
  return percent / 100;
}

}  // namespace podmedic::probes
