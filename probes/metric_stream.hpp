#pragma once
#include "base/verdict.hpp"
#include "probes/metric_selector.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace podmedic::probes {

/// What was found of a selector.
struct selected_metric {
  double sum = 0;
  std::size_t matching = 0;  ///< label sets that the selector chooses
  std::size_t others = 0;    ///< label sets of that name that it does not
  bool announced = false;    ///< a # TYPE line tells of the metric, whether it has label sets or not
  std::string not_read;      ///< the begin of the first line of that name that could not be read; empty: none
};

/// Reads metrics as Prometheus scrapes them, in pieces of any size, and keeps only sums: the text format 0.0.4 and
/// OpenMetrics 1.0 (prometheus.io/docs/instrumenting/exposition_formats). Names are those of the lines: `x_total`,
/// `x_count`. Timestamps and exemplars are passed over.
///
/// Memory: the part of a line at the end of a piece. A line of more than 64 KiB is not read.
class metric_stream {
 public:
  static constexpr std::size_t longest_line = 64 * 1024;

  explicit metric_stream(std::vector<metric_selector> wanted);
  void take(std::string_view piece);
  /// The last line has ended, with or without a line feed.
  void finish();
  /// In the order of the selectors.
  const std::vector<selected_metric>& found() const { return found_; }

 private:
  void keep(std::string_view part);
  void end_line();
  void take_line(std::string_view line, std::size_t size);
  void take_comment(std::string_view rest);
  bool take_sample(const metric_selector& selector, std::string_view rest, selected_metric& into);
  bool take_labels(const metric_selector& selector, std::string_view& rest);

  std::vector<metric_selector> wanted_;
  std::vector<selected_metric> found_;
  std::string begun_;           ///< a line without its end, at most the longest
  std::size_t begun_size_ = 0;  ///< of the whole of it
  std::string value_;
  std::vector<std::string> values_;  ///< of the labels that a selector asks for
};

/// The sum over the label sets that the selector chooses. A metric that is announced and has no label set at all is 0:
/// a client library shows none before the first event. Else the diagnosis of an Unknown: MetricMissing, or
/// MetricNotRead where a line of it makes no sense, or the sum is no finite number.
std::variant<double, diagnosis> value_of(const metric_selector& selector, const selected_metric& found);

}  // namespace podmedic::probes
