#include "supervisor/surface/metrics.hpp"

#include <fmt/format.h>

namespace podmedic::surface {
namespace {

void append_escaped(std::string& text, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      text += '\\';
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
}

}  // namespace

void metrics_page::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void metrics_page::sample(std::initializer_list<label> labels, double value) {
  text_ += name_;
  char opening = '{';
  for (const auto& [label_name, label_value] : labels) {
    text_ += opening;
    text_ += label_name;
    text_ += "=\"";
    append_escaped(text_, label_value);
    text_ += '"';
    opening = ',';
  }
  if (labels.size() > 0) text_ += '}';
  text_ += fmt::format(" {}\n", value);
}

}  // namespace podmedic::surface
