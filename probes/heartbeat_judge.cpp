#include "probes/heartbeat_judge.hpp"

#include "base/clock.hpp"
#include "base/foreign_text.hpp"
#include "probes/sample_text.hpp"

#include <algorithm>

namespace podmedic::probes {

std::optional<std::string> number_after(std::string_view text, std::string_view after) {
  const std::size_t found = text.find(after);
  if (found == std::string_view::npos) return std::nullopt;
  text.remove_prefix(found + after.size());
  const std::size_t begin = text.find_first_of("0123456789");
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin);
  return std::string(text.substr(0, text.find_first_not_of("0123456789.")));
}

std::string heartbeat_sample::to_text() const {
  sample_text line;
  if (unread) return line.add("unread", unread->reason).add("message", unread->message).to_text();
  if (file) line.add("inode", file->inode).add("mtime_ns", file->mtime_ns);
  if (counter) line.add("counter", *counter);
  if (missing()) line.add("missing", std::int64_t{1});
  if (!main_process.empty()) line.add("main", main_process);
  return line.to_text();
}

heartbeat_sample heartbeat_sample::parse(std::string_view text) {
  const sample_text line(text);
  heartbeat_sample sample;
  if (line.has("unread")) {
    sample.unread = diagnosis{line.text("unread"), line.text("message")};
    return sample;
  }
  if (line.has("main")) sample.main_process = line.text("main");
  if (line.has("counter")) {
    sample.counter = line.text("counter");
  } else if (!line.has("missing")) {
    sample.file = written{line.integer("inode"), line.integer("mtime_ns")};
  }
  return sample;
}

bool heartbeat_judge::moved(const heartbeat_sample& sample) {
  const bool is_another =
      !main_process_.empty() && !sample.main_process.empty() && main_process_ != sample.main_process;
  if (!sample.main_process.empty()) main_process_ = sample.main_process;
  if (sample.missing()) return is_another;
  const bool changed = !last_there_ || last_there_->file != sample.file || last_there_->counter != sample.counter;
  last_there_ = sample;
  whole_seconds_ = whole_seconds_ && sample.file && sample.file->mtime_ns % 1'000'000'000 == 0;
  return is_another || changed;
}

milliseconds heartbeat_judge::allowed() const {
  constexpr milliseconds coarsest{2'000};  // FAT's; older NFS servers and archives have 1 s
  return settings_.max_age + (whole_seconds_ ? coarsest : milliseconds(0));
}

verdict heartbeat_judge::judge(const heartbeat_sample& sample, milliseconds at) {
  if (sample.unread) return unknown{*sample.unread};
  const bool has_moved = moved(sample);
  if (!last_there_) {
    return unknown{{"FileMissing", settings_.file + " has not been there yet: is that its path, and is it mounted?"}};
  }
  return judge_still(sample, stillness_.look(has_moved, at));
}

verdict heartbeat_judge::judge_still(const heartbeat_sample& sample, milliseconds still) const {
  const std::string lasting = " for " + podmedic::to_text(still);
  const std::string seen = sample.missing() ? settings_.file + " is gone" : settings_.file + " has not changed";
  if (const auto unwatched = stillness_.unwatched()) {
    return unknown{{"LookedTooSeldom", seen + ", but the look before was " + podmedic::to_text(*unwatched) +
                                           " ago: looks count that are at most half of maxAgeSeconds apart, set "
                                           "periodSeconds accordingly"}};
  }
  if (still > allowed()) {
    const std::string number = sample.counter ? " (at " + foreign_text(*sample.counter, 32) + ")" : "";
    return fail{{sample.missing() ? "HeartbeatGone" : "HeartbeatStopped", seen + lasting + number}};
  }
  if (sample.missing()) return unknown{{"FileMissing", seen + lasting}};
  return pass{still == milliseconds(0) ? "" : "unchanged" + lasting};
}

}  // namespace podmedic::probes
