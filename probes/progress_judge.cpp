#include "probes/progress_judge.hpp"

#include "base/clock.hpp"
#include "probes/sample_text.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace podmedic::probes {

namespace {

std::string numbers_text(const std::vector<double>& values) {
  std::string text;
  for (const double each : values) text += (text.empty() ? "" : ",") + number_text(each);
  return text;
}

std::vector<double> numbers_in(std::string_view text) {
  std::vector<double> values;
  for (const char* at = text.data();;) {
    double value = 0;
    const auto [stop, error] = std::from_chars(at, text.data() + text.size(), value);
    if (error != std::errc{}) throw std::invalid_argument("sample: no list of numbers: " + std::string(text));
    values.push_back(value);
    if (stop == text.data() + text.size()) return values;
    if (*stop != ',') throw std::invalid_argument("sample: no list of numbers: " + std::string(text));
    at = stop + 1;
  }
}

}  // namespace

std::string progress_sample::to_text() const {
  sample_text line;
  if (unread) return line.add("unread", unread->reason).add("message", unread->message).to_text();
  line.add("pending", pending).add("counters", numbers_text(counters));
  if (!main_process.empty()) line.add("main", main_process);
  return line.to_text();
}

progress_sample progress_sample::parse(std::string_view text) {
  const sample_text line(text);
  progress_sample sample;
  if (line.has("unread")) {
    sample.unread = diagnosis{line.text("unread"), line.text("message")};
    return sample;
  }
  sample.pending = line.number("pending");
  sample.counters = numbers_in(line.text("counters"));
  if (line.has("main")) sample.main_process = line.text("main");
  return sample;
}

bool progress_judge::moved(const progress_sample& sample) const {
  const bool was_idle = !last_ || last_->pending <= 0;
  const bool is_another = last_ && !last_->main_process.empty() && !sample.main_process.empty() &&
                          last_->main_process != sample.main_process;
  return was_idle || is_another || last_->counters != sample.counters;
}

verdict progress_judge::judge(const progress_sample& sample, milliseconds at) {
  if (sample.unread) return unknown{*sample.unread};
  const bool idle = sample.pending <= 0;
  const milliseconds still = stillness_.look(idle || moved(sample), at);
  const std::string known = last_ ? last_->main_process : "";
  last_ = sample;
  if (sample.main_process.empty()) last_->main_process = known;
  return idle ? pass{"idle"} : judge_busy(sample, still);
}

verdict progress_judge::judge_busy(const progress_sample& sample, milliseconds still) const {
  // Checks are not so punctual that the last of a whole number of periods would always be late enough.
  constexpr milliseconds unpunctual{100};
  const std::string pending = number_text(sample.pending) + " pending (" + settings_.pending + ")";
  const std::string standing = settings_.counters + " at " + numbers_text(sample.counters);
  if (const auto unwatched = stillness_.unwatched()) {
    return unknown{{"LookedTooSeldom", pending + ", " + standing + ", but the look before was " +
                                           podmedic::to_text(*unwatched) +
                                           " ago: looks count that are at most half of " +
                                           "stalledSeconds apart, set periodSeconds accordingly"}};
  }
  if (still + std::min(unpunctual, settings_.stalled / 100) >= settings_.stalled) {
    return fail{{"NoProgress", pending + ", and " + standing + " has not moved for " + podmedic::to_text(still)}};
  }
  if (still == milliseconds(0)) return pass{pending + ", " + standing};
  return pass{pending + ", " + standing + " for " + podmedic::to_text(still)};
}

}  // namespace podmedic::probes
