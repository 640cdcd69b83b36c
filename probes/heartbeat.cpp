#include "base/foreign_text.hpp"
#include "probes/heartbeat_judge.hpp"
#include "probes/main_process.hpp"
#include "probes/probe_file.hpp"
#include "probes/registry.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <memory>

namespace podmedic::probes {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t longest_file = 4096;

/// What in the file must change.
struct heartbeat_source {
  std::string file;
  bool counter = false;  ///< a number in it; else its time
  std::string after;     ///< the number after this text
};

class heartbeat_probe final : public probe {
 public:
  heartbeat_probe(const surroundings& around, heartbeat_source source, heartbeat_settings settings)
      : around_(around), source_(std::move(source)), judge_(std::move(settings)) {}

  boost::asio::awaitable<verdict> check(milliseconds) override {
    const auto at = std::chrono::steady_clock::now().time_since_epoch();
    heartbeat_sample sample = source_.counter ? look_inside() : look();
    sample.main_process = main_process(around_);
    if (around_.on_sample) around_.on_sample(sample.to_text());
    co_return judge_.judge(sample, std::chrono::duration_cast<milliseconds>(at));
  }

 private:
  static heartbeat_sample without(diagnosis why) {
    heartbeat_sample sample;
    if (why.reason != "FileMissing") sample.unread = std::move(why);
    return sample;
  }

  heartbeat_sample look() const {
    auto opened = open_probe_file(around_, source_.file, O_PATH);  // needs no right to read it
    if (auto* why = std::get_if<diagnosis>(&opened)) return without(std::move(*why));
    struct stat found{};
    if (::fstat(std::get<unique_fd>(opened).get(), &found) != 0) {
      return without({"FileUnreadable", errno_text("stat", source_.file, errno)});
    }
    if (!S_ISREG(found.st_mode)) return without({"FileUnreadable", source_.file + " is no regular file"});
    heartbeat_sample sample;
    constexpr std::int64_t second = 1'000'000'000;
    sample.file = {static_cast<std::int64_t>(found.st_ino), found.st_mtim.tv_sec * second + found.st_mtim.tv_nsec};
    return sample;
  }

  heartbeat_sample look_inside() const {
    auto content = read_probe_file(around_, source_.file, longest_file);
    if (auto* why = std::get_if<diagnosis>(&content)) return without(std::move(*why));
    heartbeat_sample sample;
    sample.counter = number_after(std::get<std::string>(content), source_.after);
    if (!sample.counter) {
      const std::string where = source_.after.empty() ? "" : " after \"" + foreign_text(source_.after, 64) + "\"";
      return without({"CounterMissing", source_.file + " holds no number" + where});
    }
    return sample;
  }

  const surroundings around_;
  const heartbeat_source source_;
  heartbeat_judge judge_;
};

}  // namespace

/// heartbeat: docs/probes/heartbeat.md.
spec read_heartbeat(fields& own) {
  heartbeat_source source;
  heartbeat_settings settings;
  source.file = own.required_text("file");
  if (!source.file.empty() && !source.file.starts_with('/')) {
    own.complain("file", "expected an absolute path");
  }
  source.after = own.text("counterAfter", "");
  source.counter = own.flag("counter", !source.after.empty());
  if (!source.counter && !source.after.empty()) {
    own.complain("counterAfter", "is for counter: true");
  }
  settings.file = foreign_text(source.file);
  settings.max_age = own.seconds("maxAgeSeconds", settings.max_age, 100ms, 24h);
  own.finish();
  return {.target = "heartbeat " + settings.file,
          .make = [source, settings](const surroundings& around) -> std::unique_ptr<probe> {
            return std::make_unique<heartbeat_probe>(around, source, settings);
          },
          .replay = [settings]() -> sample_judge {
            return [judge = heartbeat_judge(settings)](std::string_view sample, milliseconds at) mutable {
              return judge.judge(heartbeat_sample::parse(sample), at);
            };
          }};
}

}  // namespace podmedic::probes
