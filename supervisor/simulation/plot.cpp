#include "supervisor/simulation/report.hpp"

#include <fmt/format.h>

#include <array>

namespace podmedic::simulation {
namespace {

constexpr int width = 860;
constexpr int height = 320;
constexpr int left = 70;
constexpr int right = 20;
constexpr int top = 44;
constexpr int bottom = 44;
constexpr int ticks = 4;

double x_of(double part) {
  return left + part * (width - left - right);
}
double y_of(double part) {
  return height - bottom - part * (height - top - bottom);
}

/// A step at each column; what stays the same is one line.
std::string path_of(const course& seen, int replicas) {
  const std::vector<int>& values = seen.unavailable();
  const auto y = [&](std::size_t i) { return y_of(static_cast<double>(values[i]) / replicas); };
  std::string path = fmt::format("M{:.1f} {:.1f}", x_of(0), y(0));
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] == values[i - 1]) continue;
    path += fmt::format("H{:.1f}V{:.1f}", x_of(static_cast<double>(i) / static_cast<double>(values.size())), y(i));
  }
  return path + fmt::format("H{:.1f}", x_of(1));
}

}  // namespace

std::string to_svg(const plan& of, const result& what) {
  static constexpr std::array<std::string_view, 3> classes{"podmedic", "liveness", "naive"};
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"13\">\n"
      "<title>Replicas that do not serve, of {}</title>\n"
      "<style>\n"
      "text {{ fill: #333 }} .grid {{ stroke: #bbb; stroke-width: .5 }}\n"
      "path {{ fill: none; stroke-width: 2 }} .podmedic {{ stroke: #0b7a3e }} .liveness {{ stroke: #b35900; "
      "stroke-dasharray: 6 3 }}\n"
      ".naive {{ stroke: #b3123a; stroke-dasharray: 2 3 }}\n"
      "@media (prefers-color-scheme: dark) {{ text {{ fill: #ddd }} .grid {{ stroke: #666 }} .podmedic {{ stroke: "
      "#4cd484 }} .liveness {{ stroke: #ffb057 }} .naive {{ stroke: #ff6b8a }} }}\n"
      "</style>\n",
      width, height, of.replicas);
  for (int i = 0; i <= ticks; ++i) {
    const double part = static_cast<double>(i) / ticks;
    svg += fmt::format("<path class=\"grid\" d=\"M{} {:.1f}H{}\"/>", left, y_of(part), width - right);
    svg += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.3g}</text>", left - 6, y_of(part) + 4,
                       part * of.replicas);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x_of(part),
                       height - bottom + 18, to_text(of.length * i / ticks));
  }
  svg +=
      fmt::format("<text x=\"{}\" y=\"{}\">replicas that do not serve, of {}</text>\n", left, height - 6, of.replicas);
  for (std::size_t i = what.fleets.size(); i-- > 0;) {  // podmedic's line above the others
    const auto x = left + static_cast<int>(i) * 230;
    svg += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", classes.at(i), path_of(what.fleets[i].seen, of.replicas));
    svg += fmt::format("<path class=\"{}\" d=\"M{} 20h28\"/><text x=\"{}\" y=\"24\">{}</text>\n", classes.at(i), x,
                       x + 36, what.fleets[i].name);
  }
  return svg + "</svg>\n";
}

}  // namespace podmedic::simulation
