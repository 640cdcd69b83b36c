#include "base/clock.hpp"
#include "base/foreign_text.hpp"
#include "probes/descriptors.hpp"
#include "probes/log_files.hpp"
#include "probes/log_tail_judge.hpp"
#include "probes/main_process.hpp"
#include "probes/own_processes.hpp"
#include "probes/registry.hpp"

#include <fnmatch.h>

#include <algorithm>

namespace podmedic::probes {
namespace {

using namespace std::chrono_literals;

constexpr int max_descriptors = 32'768;   // of all processes of the shipper, in one check
constexpr std::size_t max_readers = 512;  // descriptors of the files that matter

/// Finds who reads the files: first where it was found last time, and by a scan of all descriptors only where that does
/// not answer the question.
class log_tail_probe final : public probe {
 public:
  log_tail_probe(const surroundings& around, log_tail_settings settings)
      : around_(around), settings_(settings), judge_(std::move(settings)) {}

  boost::asio::awaitable<verdict> check(milliseconds) override { co_return look(); }

 private:
  verdict look() {
    const auto found = around_.processes.of(around_.container);
    if (const auto* why = std::get_if<diagnosis>(&found)) return unknown{*why};
    const container_processes& shipper = *std::get<const container_processes*>(found);
    auto files = find_log_files(around_, settings_.path);
    if (auto* why = std::get_if<diagnosis>(&files)) return unknown{std::move(*why)};
    files_ = std::move(std::get<std::vector<log_file>>(files));

    const std::vector<const process*> processes = own_processes(shipper);
    if (std::string main = identity_of(shipper.members.front()); main != looked_at_) {
      looked_at_ = std::move(main);
      held_one_ = false;
    }
    look_where_they_were(processes);
    if (a_scan_may_tell_more()) {
      if (auto why = scan(processes)) return unknown{std::move(*why)};
    }
    held_one_ = held_one_ || !readers_.empty();
    if (files_.empty() && readers_.empty()) {
      return unknown{
          {"FileMissing", settings_.path + ": there is no such file, and no process of the shipper has it open"}};
    }
    const log_tail_sample sample = sample_of(shipper.members.front());
    if (around_.on_sample) around_.on_sample(sample.to_text());
    return judge_.judge(sample, boot_now().time_since_epoch());
  }

  bool is_at_path(std::uint64_t device, std::uint64_t inode) const {
    return std::any_of(files_.begin(), files_.end(),
                       [&](const log_file& file) { return file.device == device && file.inode == inode; });
  }

  /// The descriptors of the last check that still hold the same file, whether it is still at the path or not.
  void look_where_they_were(const std::vector<const process*>& processes) {
    std::vector<open_descriptor> still;
    moved_ = false;
    for (const open_descriptor& before : readers_) {
      const bool lives =
          std::any_of(processes.begin(), processes.end(), [&](const process* one) { return one->pid == before.pid; });
      if (!lives) continue;
      const auto now = look_at_descriptor(around_.proc_root, before.pid, before.number);
      const auto* one = std::get_if<std::optional<open_descriptor>>(&now);
      if (one == nullptr || !*one) continue;
      const bool same = (*one)->device == before.device && (*one)->inode == before.inode;
      moved_ = moved_ || (same && (*one)->offset != before.offset);
      if (same || is_at_path((*one)->device, (*one)->inode)) still.push_back(**one);
    }
    readers_ = std::move(still);
  }

  /// A shipper that has opened none yet may have begun; a file that nobody had open may have a reader now, if it grew;
  /// and one that lags may have another reader, unless the known one moves.
  bool a_scan_may_tell_more() const {
    if (!held_one_) return true;
    if (files_.empty()) return readers_.empty();
    return std::any_of(files_.begin(), files_.end(), [this](const log_file& file) {
      std::int64_t furthest = -1;
      for (const open_descriptor& one : readers_) {
        if (one.device == file.device && one.inode == file.inode) furthest = std::max(furthest, one.offset);
      }
      if (furthest >= 0) return !moved_ && (furthest > file.size || file.size - furthest > settings_.max_lag);
      const auto scanned = sizes_at_scan_.find({file.device, file.inode});
      return scanned == sizes_at_scan_.end() || scanned->second != file.size;
    });
  }

  std::optional<diagnosis> scan(const std::vector<const process*>& processes) {
    const std::string pattern = settings_.path.substr(settings_.path.rfind('/') + 1) + "*";
    // One that was at the path: known from before, or by its name (app.log.1, "app.log (deleted)").
    const auto is_wanted = [&](std::uint64_t device, std::uint64_t inode, const std::function<std::string()>& name) {
      if (is_at_path(device, inode)) return true;
      const bool known = std::any_of(readers_.begin(), readers_.end(), [&](const open_descriptor& one) {
        return one.device == device && one.inode == inode;
      });
      if (known) return true;
      const bool same_device =
          std::any_of(files_.begin(), files_.end(), [&](const log_file& file) { return file.device == device; });
      if (!files_.empty() && !same_device) return false;
      const std::string link = name();
      return ::fnmatch(pattern.c_str(), link.c_str() + link.rfind('/') + 1, FNM_PERIOD) == 0;
    };
    std::vector<open_descriptor> found;
    std::optional<diagnosis> refused;
    int left = max_descriptors;
    for (const process* one : processes) {
      if (one->state == 'Z') continue;
      const int seen =
          for_each_open_file(around_.proc_root, one->pid, left, is_wanted, [&](const open_descriptor& file) {
            if (found.size() < max_readers) found.push_back(file);
          });
      if (seen < 0) {
        const std::string what = "read " + around_.proc_root + "/" + std::to_string(one->pid) + "/fd";
        refused = diagnosis{"ProcessNotReadable", missing_right(what, *one, -seen)};
        continue;
      }
      left -= seen;
      if (left < 0) {
        return diagnosis{"TooManyDescriptors",
                         "the shipper has more than " + std::to_string(max_descriptors) + " descriptors open"};
      }
    }
    readers_ = std::move(found);
    sizes_at_scan_.clear();
    for (const log_file& file : files_) sizes_at_scan_[{file.device, file.inode}] = file.size;
    // Whom podmedic may not look into may be the reader.
    return refused && !all_are_held() ? refused : std::nullopt;
  }

  bool all_are_held() const {
    return std::all_of(files_.begin(), files_.end(), [this](const log_file& file) {
      return std::any_of(readers_.begin(), readers_.end(), [&](const open_descriptor& one) {
        return one.device == file.device && one.inode == file.inode;
      });
    });
  }

  log_tail_sample sample_of(const process& main) const {
    log_tail_sample sample;
    sample.shipper = identity_of(main);
    for (const log_file& file : files_) sample.files.push_back({file.device, file.inode, file.size, false, {}});
    for (const open_descriptor& one : readers_) {
      auto at = std::find_if(sample.files.begin(), sample.files.end(), [&](const log_tail_sample::file& file) {
        return file.device == one.device && file.inode == one.inode;
      });
      if (at == sample.files.end()) {
        at = sample.files.insert(at, {one.device, one.inode, one.size, true, {}});
      }
      at->size = one.size;
      if (!at->held) at->held = log_tail_sample::reading{};
      at->held->furthest = std::max(at->held->furthest, one.offset);
      at->held->sum += one.offset;
    }
    return sample;
  }

  const surroundings& around_;
  const log_tail_settings settings_;
  log_tail_judge judge_;
  std::vector<log_file> files_;           ///< at the path now
  std::vector<open_descriptor> readers_;  ///< of these, and of files that were there before
  bool moved_ = false;                    ///< one of them, since the last check
  std::string looked_at_;                 ///< the shipper's main process
  bool held_one_ = false;                 ///< that one was seen to have a file open
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::int64_t> sizes_at_scan_;
};

std::string read_path(fields& own) {
  std::string path = own.required_text("path");
  if (own.failed("path")) return path;
  const std::size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash + 1 == path.size()) {
    own.complain("path", "expected the absolute path of a file, as in /var/log/app/app.log");
  } else if (path.find_first_of("*?[") < slash) {
    own.complain("path", "only the name of the file may hold *, not its directory");
  }
  return path;
}

}  // namespace

/// logTail: docs/probes/logTail.md.
spec read_log_tail(fields& own) {
  log_tail_settings settings;
  settings.path = read_path(own);
  settings.max_lag = own.bytes("maxLag", 1 << 20, 0, std::int64_t{1} << 50);
  settings.stalled_after = own.seconds("stalledSeconds", 60s, 100ms, 24h);
  own.finish();
  return {.target = "logTail " + foreign_text(settings.path),
          .make = [settings](const surroundings& around) -> std::unique_ptr<probe> {
            return std::make_unique<log_tail_probe>(around, settings);
          },
          .replay = [settings]() -> sample_judge {
            const auto judge = std::make_shared<log_tail_judge>(settings);
            return [judge](std::string_view line, milliseconds at) {
              return judge->judge(log_tail_sample::parse(line), at);
            };
          }};
}

}  // namespace podmedic::probes
