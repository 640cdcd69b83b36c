#include "base/clock.hpp"
#include "base/foreign_text.hpp"
#include "probes/config_change_judge.hpp"
#include "probes/probe_file.hpp"
#include "probes/probe_memory.hpp"
#include "probes/registry.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <tuple>

namespace podmedic::probes {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t max_files = 32;
constexpr std::size_t max_file_bytes = 8 * 1024 * 1024;

/// A file as it stood at one moment. The kernel moves `changed` at each write and rename.
struct file_state {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  timespec changed{};

  bool operator==(const file_state& other) const {
    const auto all = [](const file_state& one) {
      return std::tuple(one.device, one.inode, one.size, one.changed.tv_sec, one.changed.tv_nsec);
    };
    return all(*this) == all(other);
  }
};

std::variant<file_state, diagnosis> state_of(const unique_fd& file, const std::string& path) {
  struct stat found{};
  if (::fstat(file.get(), &found) != 0) return diagnosis{"FileUnreadable", errno_text("stat", path, errno)};
  if (!S_ISREG(found.st_mode)) return diagnosis{"FileUnreadable", path + " is no regular file"};
  return file_state{found.st_dev, found.st_ino, found.st_size, found.st_ctim};
}

/// FNV-1a of 64 bits: nobody gains by two files of equal digest, whose change would only not be noticed.
std::variant<std::string, diagnosis> digest_of(const unique_fd& file, const std::string& path) {
  std::array<char, 16 * 1024> piece;
  std::uint64_t digest = 0xcbf29ce484222325;
  std::size_t total = 0;
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return diagnosis{"FileUnreadable", errno_text("read", path, errno)};
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
    if (total > max_file_bytes) return diagnosis{"FileTooLong", path + " is longer than 8 MiB"};
    for (const char each : std::string_view(piece.data(), static_cast<std::size_t>(got))) {
      digest = (digest ^ static_cast<unsigned char>(each)) * 0x100000001b3;
    }
  }
  std::array<char, 17> text;
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(digest));
  return std::string(text.data());
}

/// Reads the files again only where one of them has changed.
class watched_files {
 public:
  watched_files(const surroundings& around, std::vector<std::string> paths)
      : around_(around), paths_(std::move(paths)) {}

  /// The digests of all, of one moment; or why there are none.
  std::variant<std::string, diagnosis> digests() {
    auto before = states();
    if (auto* why = std::get_if<diagnosis>(&before)) return std::move(*why);
    const auto& seen = std::get<std::vector<file_state>>(before);
    // A write may leave the time of change as it was, within a tick of the kernel's clock: so what has changed is read
    // at two checks.
    if (seen == seen_ && read_twice_) return digests_;
    auto read = read_all();
    if (auto* why = std::get_if<diagnosis>(&read)) return std::move(*why);
    auto after = states();
    if (auto* why = std::get_if<diagnosis>(&after)) return std::move(*why);
    if (std::get<std::vector<file_state>>(after) != seen) {
      return diagnosis{"FilesChanging",
                       "files changed while they were read: " + paths_.front() + (paths_.size() > 1 ? ", …" : "")};
    }
    read_twice_ = seen == seen_;
    seen_ = seen;
    digests_ = std::get<std::string>(read);
    return digests_;
  }

 private:
  std::variant<std::vector<file_state>, diagnosis> states() const {
    std::vector<file_state> all;
    for (const std::string& path : paths_) {
      auto opened = open_probe_file(around_, path, O_PATH);
      if (auto* why = std::get_if<diagnosis>(&opened)) return std::move(*why);
      auto state = state_of(std::get<unique_fd>(opened), path);
      if (auto* why = std::get_if<diagnosis>(&state)) return std::move(*why);
      all.push_back(std::get<file_state>(state));
    }
    return all;
  }

  std::variant<std::string, diagnosis> read_all() const {
    std::string all;
    for (const std::string& path : paths_) {
      auto opened = open_probe_file(around_, path);
      if (auto* why = std::get_if<diagnosis>(&opened)) return std::move(*why);
      auto digest = digest_of(std::get<unique_fd>(opened), path);
      if (auto* why = std::get_if<diagnosis>(&digest)) return std::move(*why);
      all += (all.empty() ? "" : ",") + std::get<std::string>(digest);
    }
    return all;
  }

  const surroundings around_;
  const std::vector<std::string> paths_;
  std::vector<file_state> seen_;
  std::string digests_;
  bool read_twice_ = false;
};

class config_change_probe final : public probe {
 public:
  config_change_probe(const surroundings& around, const config_change_settings& settings)
      : around_(around),
        files_(around, settings.files),
        memory_(around.memory_file),
        judge_(settings, memory_.text()) {}

  boost::asio::awaitable<verdict> check(milliseconds) override { co_return look(); }

 private:
  verdict look() {
    const auto found = around_.processes.of(around_.container);
    if (const auto* why = std::get_if<diagnosis>(&found)) return unknown{*why};
    const process& main = std::get<const container_processes*>(found)->members.front();
    auto digests = files_.digests();
    if (auto* why = std::get_if<diagnosis>(&digests)) return unknown{std::move(*why)};
    const config_change_sample sample{std::get<std::string>(digests),
                                      {main.pid, main.started.time_since_epoch().count(), boot_}};
    if (around_.on_sample) around_.on_sample(sample.to_text());
    verdict judged = judge_.judge(sample, boot_now().time_since_epoch());
    remember(judged);
    return judged;
  }

  /// Where it cannot, nothing is restarted for it: a next life takes what it finds for what the process started with.
  void remember(verdict& judged) {
    const std::string failed = memory_.keep(judge_.memory());
    auto* passed = std::get_if<pass>(&judged);
    if (passed && !failed.empty()) passed->note += "; not kept for podmedic's next life: " + failed;
  }

  const surroundings around_;
  const std::string boot_ = boot_id();
  watched_files files_;
  probe_memory memory_;
  config_change_judge judge_;
};

}  // namespace

/// configChange: docs/probes/configChange.md.
spec read_config_change(fields& own) {
  config_change_settings settings;
  settings.files = own.texts("files");
  if (!own.failed("files") && (settings.files.empty() || settings.files.size() > max_files)) {
    own.complain("files", "expected 1 to 32 absolute paths, as in [/config/app.yaml]");
  }
  std::string names;
  for (std::size_t i = 0; i < settings.files.size(); ++i) {
    if (!settings.files[i].starts_with('/'))
      own.complain("files", i, "expected an absolute path, as in /config/app.yaml");
    names += " " + settings.files[i];
  }
  settings.settle = own.seconds("settleSeconds", settings.settle, 0ms, 24h);
  own.finish();
  return {.target = "configChange " + foreign_text(names),
          .make = [settings](const surroundings& around) -> std::unique_ptr<probe> {
            return std::make_unique<config_change_probe>(around, settings);
          },
          .replay = [settings]() -> sample_judge {
            return
                [judge = std::make_shared<config_change_judge>(settings, "")](std::string_view line, milliseconds at) {
                  return judge->judge(config_change_sample::parse(line), at);
                };
          }};
}

}  // namespace podmedic::probes
