#include "probes/log_tail_judge.hpp"

#include "base/clock.hpp"
#include "probes/sample_text.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>

namespace podmedic::probes {
namespace {

constexpr std::int64_t max_files = 1024;  // of a sample's text

constexpr int checks_that_tell_openness = 3;

std::uint64_t number_in(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::invalid_argument("sample: expected DEVICE:INODE, not " + std::string(text));
  }
  return value;
}

bool is_current_and_held(const log_tail_sample::file& file) {
  return !file.old && file.held;
}

/// An old file counts only where nobody holds the one that has taken its place: a descriptor that was forgotten is not
/// a shipper that has stopped.
bool counts(const log_tail_sample& sample, const log_tail_sample::file& file) {
  return !file.old || std::none_of(sample.files.begin(), sample.files.end(), is_current_and_held);
}

std::string bytes(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " byte" : " bytes");
}

}  // namespace

std::string log_tail_sample::to_text() const {
  sample_text text;
  text.add("shipper", std::string_view(shipper)).add("files", static_cast<std::int64_t>(files.size()));
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string number = std::to_string(i);
    const file& each = files[i];
    const std::string id = std::to_string(each.device) + ":" + std::to_string(each.inode);
    text.add("file" + number, std::string_view(id)).add("size" + number, each.size);
    if (each.old) text.add("old" + number, std::int64_t{1});
    if (each.held) text.add("offset" + number, each.held->furthest).add("offsets" + number, each.held->sum);
  }
  return text.to_text();
}

log_tail_sample log_tail_sample::parse(std::string_view line) {
  const sample_text text(line);
  log_tail_sample sample{text.text("shipper"), {}};
  const std::int64_t count = text.integer("files");
  if (count < 0 || count > max_files) throw std::invalid_argument("sample: impossible number of files");
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    const std::string id = text.text("file" + number);
    const std::size_t colon = std::min(id.find(':'), id.size());
    file each{.device = number_in(std::string_view(id).substr(0, colon)),
              .inode = number_in(std::string_view(id).substr(std::min(colon + 1, id.size()))),
              .size = text.integer("size" + number),
              .old = text.has("old" + number)};
    if (text.has("offset" + number)) each.held = {text.integer("offset" + number), text.integer("offsets" + number)};
    if (each.size < 0 || (each.held && each.held->furthest < 0)) throw std::invalid_argument("sample: below zero");
    sample.files.push_back(each);
  }
  return sample;
}

/// Brings what is known up to date; whether the shipper did anything since the last check.
bool log_tail_judge::take(const log_tail_sample& sample) {
  bool moved = false;
  std::set<file_id> present;
  for (const log_tail_sample::file& file : sample.files) {
    const file_id id{file.device, file.inode};
    present.insert(id);
    const auto [at, is_new] = files_.try_emplace(id);
    known_file& known = at->second;
    if (is_new && seen_before_ && !file.old) known.read_to = 0;  // made since: nobody has read it
    if (file.held) {
      if (known.held && *known.held != *file.held) moved = has_moved_ = true;
      if (!known.held && seen_before_) moved = true;  // opened
      known.read_to = file.held->furthest;
      if (file.held->furthest > 0) has_moved_ = true;
    } else if (!known.read_to) {
      known.read_to = file.size;  // what was there before the first look may have been read
    }
    known.held = file.held;
    if (*known.read_to > file.size && !file.held) known.read_to = 0;  // truncated, or another file of that inode
  }
  std::erase_if(files_, [&](const auto& each) { return !present.contains(each.first); });
  return moved;
}

void log_tail_judge::note_openness(const log_tail_sample& sample, milliseconds at) {
  const bool holds_one =
      std::any_of(sample.files.begin(), sample.files.end(), [](const auto& file) { return file.held.has_value(); });
  if (!holds_one) {
    open_since_.reset();
    open_checks_ = 0;
    return;
  }
  if (!open_since_) open_since_ = at;
  ++open_checks_;
  if (open_checks_ >= checks_that_tell_openness && at - *open_since_ >= settings_.stalled_after) keeps_open_ = true;
}

/// Where the offset is behind the end, the file was truncated under its reader: all of it is unread.
std::int64_t log_tail_judge::unread(const log_tail_sample::file& file) const {
  const std::int64_t read_to = files_.at({file.device, file.inode}).read_to.value_or(0);
  return read_to <= file.size ? file.size - read_to : file.size;
}

verdict log_tail_judge::stalled(const log_tail_sample& sample, const log_tail_sample::file& worst,
                                milliseconds since) const {
  const std::string lag = bytes(unread(worst)) + " unread";
  if (!worst.held) {
    if (!keeps_open_) {
      return unknown{{"NobodyReads", settings_.path + ": no process of the shipper has it open, " + lag +
                                         ": a shipper that opens it only to read cannot be judged"}};
    }
    const bool on_old =
        std::any_of(sample.files.begin(), sample.files.end(), [](const auto& file) { return file.old && file.held; });
    return fail{{"FileNotFollowed", settings_.path + ": for " + to_text(since) +
                                        " no process of the shipper has had it open, " + lag +
                                        (on_old ? "; it still has the file that was there before" : "")}};
  }
  if (!has_moved_) {
    return unknown{{"OffsetNotTold", settings_.path + ": the shipper's offset is 0 and was never seen to move, " + lag +
                                         ": one that reads in another way than read(2) cannot be judged"}};
  }
  const std::int64_t offset = worst.held->furthest;
  const std::string where = offset > worst.size
                                ? "; its offset " + std::to_string(offset) + " is behind the end of the truncated file"
                                : ", from offset " + std::to_string(offset) + " of " + std::to_string(worst.size);
  return fail{{"ReaderStalled", settings_.path + ": the shipper has read nothing for " + to_text(since) + ": " + lag +
                                    where + (worst.old ? "; it has the file that was there before" : "")}};
}

verdict log_tail_judge::well(const log_tail_sample& sample) const {
  std::int64_t lag = 0;
  bool held = false;
  for (const log_tail_sample::file& file : sample.files) {
    held = held || file.held;
    if (counts(sample, file)) lag = std::max(lag, unread(file));
  }
  if (!held && !has_moved_ && !keeps_open_) {
    return unknown{{"NobodyReads", settings_.path +
                                       ": no process of the shipper has it open, nor had any at an earlier "
                                       "check: a shipper that opens it only to read cannot be judged"}};
  }
  return pass{bytes(lag) + " unread"};
}

verdict log_tail_judge::judge(const log_tail_sample& sample, milliseconds at) {
  if (sample.shipper != shipper_) {
    *this = log_tail_judge(std::move(settings_));
    shipper_ = sample.shipper;
  }
  const bool moved = take(sample);
  note_openness(sample, at);
  seen_before_ = true;

  const log_tail_sample::file* worst = nullptr;
  milliseconds since{0};
  for (const log_tail_sample::file& file : sample.files) {
    std::optional<milliseconds>& behind_since = files_.at({file.device, file.inode}).behind_since;
    if (!counts(sample, file) || unread(file) <= settings_.max_lag) {
      behind_since.reset();
      continue;
    }
    if (moved || !behind_since) behind_since = at;
    if (worst == nullptr || at - *behind_since > since) {
      worst = &file;
      since = at - *behind_since;
    }
  }
  if (worst != nullptr && since >= settings_.stalled_after) return stalled(sample, *worst, since);
  return well(sample);
}

}  // namespace podmedic::probes
