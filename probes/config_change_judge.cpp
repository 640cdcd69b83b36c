#include "probes/config_change_judge.hpp"

#include "base/clock.hpp"
#include "probes/sample_text.hpp"

#include <algorithm>
#include <stdexcept>

namespace podmedic::probes {

namespace {

constexpr std::int64_t memory_format =
    1;  // other digests need another number: else all files would seem to have changed

std::string_view next_digest(std::string_view& list) {
  const std::size_t end = std::min(list.find(','), list.size());
  const std::string_view digest = list.substr(0, end);
  list.remove_prefix(std::min(end + 1, list.size()));
  return digest;
}

std::optional<config_change_sample> recalled(std::string_view memory) {
  try {
    if (sample_text(memory).integer("format") != memory_format) return std::nullopt;
    return config_change_sample::parse(memory);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

sample_text words_of(const config_change_sample& sample) {
  sample_text words;
  words.add("digests", std::string_view(sample.digests));
  words.add("main", sample.main.pid).add("started", sample.main.started);
  words.add("boot", std::string_view(sample.main.boot));
  return words;
}

}  // namespace

std::string config_change_sample::to_text() const {
  return words_of(*this).to_text();
}

config_change_sample config_change_sample::parse(std::string_view line) {
  const sample_text words(line);
  return {words.text("digests"), {words.integer("main"), words.integer("started"), words.text("boot")}};
}

config_change_judge::config_change_judge(config_change_settings settings, std::string_view memory)
    : settings_(std::move(settings)), in_effect_(recalled(memory)) {}

std::string config_change_judge::memory() const {
  if (!in_effect_) return {};
  return words_of(*in_effect_).add("format", memory_format).to_text();
}

verdict config_change_judge::judge(const config_change_sample& sample, milliseconds at) {
  if (sample.digests != last_) {
    last_ = sample.digests;
    stands_ = at;
  }
  if (!in_effect_ || in_effect_->main != sample.main) in_effect_ = sample;
  const std::string process = "main process " + std::to_string(sample.main.pid);
  if (in_effect_->digests == sample.digests) return pass{"as " + process + " started with"};

  const std::string what = changed_files(sample.digests) + " changed since " + process + " started";
  const milliseconds stands = at - stands_;
  if (stands < settings_.settle) {
    return pass{what + "; settles for " + podmedic::to_text(settings_.settle - stands) + " more"};
  }
  return fail{{"ConfigChanged", what}};
}

std::string config_change_judge::changed_files(const std::string& now) const {
  std::string names;
  std::string_view before_list = in_effect_->digests;
  std::string_view now_list = now;
  for (const std::string& file : settings_.files) {
    if (next_digest(before_list) != next_digest(now_list)) names += (names.empty() ? "" : ", ") + file;
  }
  return names;
}

}  // namespace podmedic::probes
