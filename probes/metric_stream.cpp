#include "probes/metric_stream.hpp"

#include "base/foreign_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace podmedic::probes {

namespace {

/// As Go's ParseFloat where it matters: 1, 1.5, 1e+06, +Inf, -Inf, NaN.
std::optional<double> number_in(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  double value = 0;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || stop != word.data() + word.size()) return std::nullopt;
  return value;
}

std::string_view take_word(std::string_view& rest) {
  metric_text::skip_blanks(rest);
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  return word;
}

/// Whether a line of that name belongs to the metric that a # TYPE line names.
bool is_of(std::string_view family, std::string_view name) {
  if (!name.starts_with(family)) return false;
  const std::string_view ending = name.substr(family.size());
  return ending.empty() || ending == "_total" || ending == "_count" || ending == "_sum" || ending == "_bucket";
}

}  // namespace

metric_stream::metric_stream(std::vector<metric_selector> wanted)
    : wanted_(std::move(wanted)), found_(wanted_.size()) {}

void metric_stream::take(std::string_view piece) {
  for (;;) {
    const std::size_t end = piece.find('\n');
    if (end == std::string_view::npos) return keep(piece);
    const std::string_view line = piece.substr(0, end);
    piece.remove_prefix(end + 1);
    if (begun_size_ == 0) {
      take_line(line, line.size());
    } else {
      keep(line);
      end_line();
    }
  }
}

void metric_stream::finish() {
  end_line();
}

void metric_stream::keep(std::string_view part) {
  begun_size_ += part.size();
  begun_.append(part.substr(0, longest_line - begun_.size()));
}

void metric_stream::end_line() {
  take_line(begun_, begun_size_);
  begun_.clear();
  begun_size_ = 0;
}

void metric_stream::take_line(std::string_view line, std::size_t size) {
  line = line.substr(0, longest_line);
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::string_view rest = line;
  if (metric_text::take(rest, "#")) return take_comment(rest);
  const std::string_view name = metric_text::take_name(rest, true);
  if (!rest.empty() && std::string_view(" \t{").find(rest.front()) == std::string_view::npos) return;  // another name
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (wanted_[i].name != name) continue;
    const bool read = size <= longest_line && take_sample(wanted_[i], rest, found_[i]);
    if (!read && found_[i].not_read.empty()) found_[i].not_read = foreign_text(line, 80);
  }
}

void metric_stream::take_comment(std::string_view rest) {
  if (take_word(rest) != "TYPE") return;
  const std::string_view family = take_word(rest);
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    found_[i].announced = found_[i].announced || (!family.empty() && is_of(family, wanted_[i].name));
  }
}

bool metric_stream::take_sample(const metric_selector& selector, std::string_view rest, selected_metric& into) {
  values_.resize(selector.matchers.size());
  for (std::string& each : values_) each.clear();
  if (metric_text::take(rest, "{") && !take_labels(selector, rest)) return false;
  const std::optional<double> value = number_in(take_word(rest));
  if (!value) return false;
  bool chosen = true;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const metric_selector::matcher& matcher = selector.matchers[i];
    chosen = chosen && (values_[i] == matcher.value) == matcher.equal;
  }
  ++(chosen ? into.matching : into.others);
  if (chosen) into.sum += *value;
  return true;
}

bool metric_stream::take_labels(const metric_selector& selector, std::string_view& rest) {
  while (!metric_text::take(rest, "}")) {
    const std::string_view label = metric_text::take_name(rest, false);
    if (label.empty() || !metric_text::take(rest, "=") || !metric_text::take_quoted(rest, value_)) return false;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (selector.matchers[i].label == label) values_[i] = value_;
    }
    if (!metric_text::take(rest, ",") && !rest.starts_with('}')) return false;
  }
  return true;
}

std::variant<double, diagnosis> value_of(const metric_selector& selector, const selected_metric& found) {
  const auto not_read = [](std::string why) { return diagnosis{"MetricNotRead", std::move(why)}; };
  if (!found.not_read.empty()) return not_read("this line is no metric: " + found.not_read);
  if (found.matching == 0 && found.others > 0) {
    return diagnosis{"MetricMissing", "none of the " + std::to_string(found.others) + " label sets of " +
                                          selector.name + " is " + selector.to_text()};
  }
  if (found.matching == 0 && !found.announced) return diagnosis{"MetricMissing", "there is no " + selector.name};
  if (!std::isfinite(found.sum)) return not_read(selector.to_text() + " is no finite number");
  return found.sum;
}

}  // namespace podmedic::probes
