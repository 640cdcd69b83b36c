#include "base/clock.hpp"
#include "base/files.hpp"
#include "probes/cgroup_memory.hpp"
#include "probes/main_process.hpp"
#include "probes/memory_judge.hpp"
#include "probes/probe_file.hpp"
#include "probes/registry.hpp"
#include "probes/share.hpp"

#include <algorithm>

namespace podmedic::probes {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_small_file = 64 * 1024;
constexpr std::size_t max_mountinfo = 4 * 1024 * 1024;

class memory_probe final : public probe {
 public:
  memory_probe(const surroundings& around, memory_settings settings)
      : around_(around), in_root_(around), judge_(settings) {
    in_root_.in_container = true;
  }

  boost::asio::awaitable<verdict> check(milliseconds) override { co_return look(); }

 private:
  using reading = std::variant<std::string, diagnosis>;

  verdict look() {
    const auto found = around_.processes.of(around_.container);
    if (const auto* why = std::get_if<diagnosis>(&found)) return unknown{*why};
    const process& main = std::get<const container_processes*>(found)->members.front();
    const std::string life = identity_of(main);
    if (life != life_) {
      if (auto why = find_place(main)) return unknown{std::move(*why)};
      life_ = life;
    }
    memory_sample sample{.container = life, .layout = place_.v2 ? "v2" : "v1"};
    if (auto why = read_into(sample)) return unknown{std::move(*why)};
    if (around_.on_sample) around_.on_sample(sample.to_text());
    return judge_.judge(sample, boot_now().time_since_epoch());
  }

  std::optional<diagnosis> find_place(const process& main) {
    const std::string path = around_.proc_root + "/" + std::to_string(main.pid);
    const auto cgroup = read_file(path + "/cgroup", max_small_file);
    const auto mounts = read_file(path + "/mountinfo", max_mountinfo);
    for (const auto* each : {&cgroup, &mounts}) {
      if (const auto* failed = std::get_if<file_error>(each)) return diagnosis{"CgroupUnreadable", failed->message};
    }
    const auto place = find_memory_cgroup(std::get<std::string>(cgroup), std::get<std::string>(mounts));
    if (!place) {
      return diagnosis{"CgroupNotFound", "the container has no memory cgroup mounted, as under /sys/fs/cgroup"};
    }
    place_ = *place;
    return std::nullopt;
  }

  std::optional<diagnosis> read_into(memory_sample& sample) {
    const reading usage = read(place_.v2 ? "memory.current" : "memory.usage_in_bytes");
    const reading stat = read("memory.stat");
    const reading limit = read(place_.v2 ? "memory.max" : "memory.limit_in_bytes");
    for (const reading* each : {&usage, &stat, &limit}) {
      if (const auto* why = std::get_if<diagnosis>(each)) return *why;
    }
    const auto bytes = parse_bytes(std::get<std::string>(usage));
    const auto of_stat = parse_memory_stat(std::get<std::string>(stat), place_.v2);
    if (!bytes || !of_stat) return diagnosis{"CgroupUnreadable", place_.directory + ": not what the kernel writes"};
    sample.usage = *bytes;
    sample.reclaimable = of_stat->reclaimable;
    sample.limit = parse_bytes(std::get<std::string>(limit));
    if (of_stat->limit) sample.limit = std::min(*of_stat->limit, sample.limit.value_or(*of_stat->limit));
    return std::nullopt;
  }

  reading read(const char* name) const {
    return read_probe_file(in_root_, place_.directory + "/" + name, max_small_file);
  }

  const surroundings& around_;
  surroundings in_root_;  ///< whose files are the container's
  memory_judge judge_;
  std::string life_;
  memory_cgroup place_;
};

}  // namespace

/// memory: docs/probes/memory.md.
spec read_memory(fields& own) {
  memory_settings settings;
  if (own.has("maxUsage")) settings.max_usage = read_share(own, "maxUsage");
  if (own.has("timeToLimitSeconds")) settings.time_to_limit = own.seconds("timeToLimitSeconds", 300s, 1s, 24h);
  const milliseconds fallback = std::max<milliseconds>(600s, settings.time_to_limit.value_or(0s));
  settings.window = own.seconds("windowSeconds", fallback, 1s, 48h);
  if (own.has("limit")) settings.limit = own.bytes("limit", 1, 1, std::int64_t{1} << 60);
  if (own.has("windowSeconds") && !own.has("timeToLimitSeconds")) {
    own.complain("windowSeconds", "is for timeToLimitSeconds, which is not there");
  } else if (settings.time_to_limit && !own.failed("windowSeconds") && settings.window < *settings.time_to_limit) {
    own.complain("windowSeconds",
                 "expected at least timeToLimitSeconds: what is to be foretold must have been seen for as long");
  }
  own.finish();
  if (!own.failed() && !settings.max_usage && !settings.time_to_limit) {
    own.complain("", "expected maxUsage or timeToLimitSeconds, or both");
  }
  return {.target = "memory of the container",
          .make = [settings](const surroundings& around) -> std::unique_ptr<probe> {
            return std::make_unique<memory_probe>(around, settings);
          },
          .replay = [settings]() -> sample_judge {
            const auto judge = std::make_shared<memory_judge>(settings);
            return [judge](std::string_view line, milliseconds at) {
              return judge->judge(memory_sample::parse(line), at);
            };
          }};
}

}  // namespace podmedic::probes
