#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace podmedic::surface {

/// Builds a page of Prometheus' text format 0.0.4: families in the order of their first sample, base units.
class metrics_page {
 public:
  using label = std::pair<std::string_view, std::string_view>;
  /// Starts a family; `type` is counter or gauge. Samples added next belong to it.
  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(std::initializer_list<label> labels, double value);
  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

}  // namespace podmedic::surface
