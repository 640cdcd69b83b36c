#include "probes/memory_judge.hpp"

#include "base/clock.hpp"
#include "probes/sample_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace podmedic::probes {
namespace {

constexpr double clearly_below = 0.95;     // of maxUsage
constexpr double clearly_longer = 1.5;     // than timeToLimitSeconds
constexpr double a_fall = 0.1;             // of the limit
constexpr double as_good_as_known = 0.05;  // of the limit, above a level that was harmless

std::string mebibytes(double bytes) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f MiB", bytes / (1 << 20));
  return text.data();
}

std::string percent(double share) {
  return std::to_string(static_cast<int>(std::lround(share * 100))) + " %";
}

std::string of_limit(std::int64_t used, std::int64_t limit) {
  return mebibytes(static_cast<double>(used)) + " of " + mebibytes(static_cast<double>(limit)) + " (" +
         percent(static_cast<double>(used) / static_cast<double>(limit)) + ")";
}

}  // namespace

std::string memory_sample::to_text() const {
  sample_text text;
  text.add("container", std::string_view(container)).add("layout", std::string_view(layout));
  text.add("usage", usage).add("reclaimable", reclaimable);
  if (limit) text.add("limit", *limit);
  return text.to_text();
}

memory_sample memory_sample::parse(std::string_view line) {
  const sample_text text(line);
  memory_sample sample{
      text.text("container"), text.text("layout"), text.integer("usage"), text.integer("reclaimable"), {}};
  if (text.has("limit")) sample.limit = text.integer("limit");
  if (sample.usage < 0 || sample.reclaimable < 0 || sample.limit.value_or(0) < 0) {
    throw std::invalid_argument("sample: below zero");
  }
  return sample;
}

void memory_judge::note_peak(std::int64_t used, std::int64_t limit) {
  peak_ = std::max(peak_, used);
  if (static_cast<double>(peak_ - used) < a_fall * static_cast<double>(limit)) return;
  harmless_up_to_ = std::max(harmless_up_to_, peak_);
  peak_ = used;
}

std::optional<fail> memory_judge::judge_usage(std::int64_t used, std::int64_t limit) {
  if (!settings_.max_usage) return std::nullopt;
  const double share = static_cast<double>(used) / static_cast<double>(limit);
  too_much_ = share > *settings_.max_usage * (too_much_ ? clearly_below : 1);
  if (!too_much_) return std::nullopt;
  return fail{{"TooMuchMemory", of_limit(used, limit) + " in use, more than " + percent(*settings_.max_usage) +
                                    "; page cache is not counted"}};
}

std::optional<fail> memory_judge::judge_trend(std::int64_t limit) {
  if (!settings_.time_to_limit) return std::nullopt;
  const auto course = trend_.rising();
  const double left = course ? static_cast<double>(limit - course->level) / course->per_second : 0;
  const double wanted =
      static_cast<double>(settings_.time_to_limit->count()) / 1000 * (running_out_ ? clearly_longer : 1);
  const bool is_news = course && static_cast<double>(course->level) >
                                     static_cast<double>(harmless_up_to_) +
                                         (harmless_up_to_ > 0 ? as_good_as_known * static_cast<double>(limit) : 0);
  running_out_ =
      course && left < wanted && course->settles_at >= static_cast<double>(limit) && (running_out_ || is_news);
  if (!running_out_) return std::nullopt;
  const auto until = milliseconds(std::max<std::int64_t>(0, std::llround(left * 1000)));
  return fail{{"MemoryRunsOut", of_limit(course->level, limit) + " in use and growing by " +
                                    mebibytes(course->per_second * 60) + " a minute all through " +
                                    to_text(settings_.window) + ": the limit is reached in " + to_text(until)}};
}

verdict memory_judge::judge(const memory_sample& sample, milliseconds at) {
  if (sample.container != container_) {
    *this = memory_judge(settings_);
    container_ = sample.container;
  }
  const std::int64_t used = std::max<std::int64_t>(0, sample.usage - sample.reclaimable);
  std::optional<std::int64_t> limit = sample.limit;
  if (settings_.limit) limit = std::min(*settings_.limit, limit.value_or(*settings_.limit));
  if (!limit || *limit <= 0) {
    return unknown{
        {"NoLimit", "the container has no memory limit: set resources.limits.memory, or the probe's `limit`"}};
  }
  trend_.add(used, at);
  note_peak(used, *limit);
  // Both are asked each time: each has to know whether it fails.
  auto much = judge_usage(used, *limit);
  auto soon = judge_trend(*limit);
  if (much) return *much;
  if (soon) return *soon;
  return pass{of_limit(used, *limit) + " in use"};
}

}  // namespace podmedic::probes
