// What a hostile metrics page may hold: nothing crashes, nothing is kept of it but sums, and the pieces in which it
// comes make no difference.
#include "probes/metric_stream.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace podmedic::probes;

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

std::vector<selected_metric> found_in(std::string_view page, std::size_t piece, std::vector<metric_selector> wanted) {
  metric_stream stream(std::move(wanted));
  for (std::size_t at = 0; at < page.size(); at += piece) {
    stream.take(page.substr(at, piece));
  }
  stream.finish();
  return stream.found();
}

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);

  // The first line is a selector, where it is one; what follows is the page.
  const std::size_t end = std::min(bytes.find('\n'), size);
  std::vector<metric_selector> wanted{{.name = "x", .matchers = {}},
                                      {.name = "x_total", .matchers = {{"a", false, "b"}}}};
  if (auto given = metric_selector::parse(bytes.substr(0, end))) {
    const auto again = metric_selector::parse(given->to_text());
    require(again && again->to_text() == given->to_text());
    wanted.push_back(std::move(*given));
  }
  const std::string_view page = bytes.substr(end);
  const auto whole = found_in(page, size + 1, wanted);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, 1 + size / 2}) {
    const auto parts = found_in(page, piece, wanted);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      require(same(parts[i].sum, whole[i].sum) && parts[i].matching == whole[i].matching);
      require(parts[i].others == whole[i].others && parts[i].announced == whole[i].announced);
      require(parts[i].not_read == whole[i].not_read && parts[i].not_read.size() <= 83);
      const auto value = value_of(wanted[i], whole[i]);
      require(!std::holds_alternative<double>(value) || std::isfinite(std::get<double>(value)));
    }
  }
  return 0;
}
