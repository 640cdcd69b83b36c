#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/foreign_text.hpp"
#include "probes/main_process.hpp"
#include "probes/own_processes.hpp"
#include "probes/process_judge.hpp"
#include "probes/registry.hpp"
#include "probes/share.hpp"
#include "probes/task_stat.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

namespace podmedic::probes {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_processes = 128;  // the oldest are judged
constexpr int max_threads_seen = 1024;      // of one process
constexpr std::size_t longest_name = 15;    // TASK_COMM_LEN, without its end
constexpr std::size_t max_small_file = 16 * 1024;

struct selection {
  std::string name;     ///< as /proc/PID/comm; empty: any
  std::string command;  ///< stands in the command line; empty: any
};

std::optional<std::string> read_small(const std::string& path) {
  auto read = read_file(path, max_small_file);
  auto* text = std::get_if<std::string>(&read);
  return text == nullptr ? std::nullopt : std::optional(std::move(*text));
}

/// The begin of the command line, its words apart by spaces.
std::string command_line(const std::string& process) {
  const unique_fd file(::open((process + "/cmdline").c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> begin{};
  const ssize_t length = file ? ::read(file.get(), begin.data(), begin.size()) : 0;
  std::string text(begin.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

using directory_stream = std::unique_ptr<DIR, int (*)(DIR*)>;

/// Calls `take` with each name that is a number; at most `limit`.
template <class Take>
bool for_each_number(const std::string& path, std::int64_t limit, Take take) {
  const directory_stream directory(::opendir(path.c_str()), &::closedir);
  if (!directory) return false;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    if (limit-- <= 0) break;
    take(std::string(entry->d_name));
  }
  return true;
}

/// Since Linux 6.2 the directory's size, which needs no right.
std::optional<std::int64_t> count_open_files(const std::string& process) {
  struct stat directory{};
  if (::stat((process + "/fd").c_str(), &directory) == 0 && directory.st_size > 0) return directory.st_size;
  constexpr std::int64_t most = 1'000'000;
  std::int64_t count = 0;
  if (!for_each_number(process + "/fd", most, [&](const std::string&) { ++count; })) return std::nullopt;
  return count;
}

/// Of /proc/PID/io: calls and bytes, of all threads.
std::optional<std::int64_t> io_of(const std::string& process) {
  const auto text = read_small(process + "/io");
  if (!text || text->empty()) return std::nullopt;
  std::int64_t sum = 0;
  for (const char* name : {"rchar", "wchar", "syscr", "syscw"}) sum += number_in_lines(*text, name).value_or(0);
  return sum;
}

class process_probe final : public probe {
 public:
  process_probe(const surroundings& around, selection chosen, process_settings settings)
      : around_(around), chosen_(std::move(chosen)), settings_(settings), judge_(std::move(settings)) {}

  boost::asio::awaitable<verdict> check(milliseconds) override { co_return look(); }

 private:
  struct known_process {
    instant started{};
    milliseconds cpu{0};
  };

  verdict look() {
    const auto found = around_.processes.of(around_.container);
    if (const auto* why = std::get_if<diagnosis>(&found)) return unknown{*why};
    const container_processes& container = *std::get<const container_processes*>(found);
    const milliseconds now = boot_now().time_since_epoch();
    process_sample sample;
    sample.container = identity_of(container.members.front());
    std::map<pid_t, known_process> known;
    for (const process* one : own_processes(container)) {
      if (sample.members.size() == max_processes) break;
      if (!is_chosen(*one)) continue;
      known_process& each = known[one->pid];
      each.started = one->started;
      if (auto member = look_at(*one, now, each)) sample.members.push_back(std::move(*member));
    }
    known_ = std::move(known);
    looked_at_ = now;
    if (around_.on_sample) around_.on_sample(sample.to_text());
    return judge_.judge(sample, now);
  }

  std::string path_of(const process& one) const { return around_.proc_root + "/" + std::to_string(one.pid); }

  bool is_known(const process& one) const {
    const auto before = known_.find(one.pid);
    return before != known_.end() && before->second.started == one.started;
  }

  bool is_chosen(const process& one) const {
    if (!chosen_.name.empty() && one.command != chosen_.name.substr(0, longest_name)) return false;
    if (chosen_.command.empty()) return true;
    const std::string line = command_line(path_of(one));
    if (line.empty()) return is_known(one);  // one that ends, or has ended, has no command line any more
    return line.find(chosen_.command) != std::string::npos;
  }

  /// Nothing where it has vanished meanwhile.
  std::optional<process_sample::member> look_at(const process& one, milliseconds now, known_process& known) const {
    process_sample::member member;
    member.pid = one.pid;
    member.command = one.command;
    const std::string path = path_of(one);
    const auto text = read_small(path + "/stat");
    const auto stat = text ? parse_task_stat(*text) : std::nullopt;
    if (!stat) return std::nullopt;
    member.zombie = stat->state == 'Z' || stat->state == 'X';
    member.threads = stat->threads;
    known.cpu = stat->cpu;
    if (member.zombie) return member;
    if (settings_.max_open_files || settings_.max_open_files_share) {
      member.open_files = count_open_files(path);
      const auto limits = settings_.max_open_files_share ? read_small(path + "/limits") : std::nullopt;
      if (limits) member.open_files_limit = open_files_limit_in(*limits);
    }
    const bool busy = settings_.spinning_after && was_busy(one, now, stat->cpu);
    if (busy) member.io = io_of(path);
    if (busy || settings_.uninterruptible_after) member.notable = notable_threads(path, busy);
    return member;
  }

  /// Whether it used a fifth of a core since the last check. No thread of another one spins, and all are spared a look.
  bool was_busy(const process& one, milliseconds now, milliseconds cpu) const {
    if (!is_known(one)) return false;
    return (cpu - known_.at(one.pid).cpu + 20ms) * 5 >= now - looked_at_;  // two ticks of doubt
  }

  std::vector<process_sample::thread> notable_threads(const std::string& path, bool busy) const {
    std::vector<process_sample::thread> notable;
    for_each_number(path + "/task", max_threads_seen, [&](const std::string& id) {
      const std::string task = path + "/task/" + id;
      const auto text = read_small(task + "/stat");
      const auto stat = text ? parse_task_stat(*text) : std::nullopt;
      if (!stat) return;
      const bool stuck = stat->state == 'D' && settings_.uninterruptible_after;
      if (!stuck && !(stat->state == 'R' && busy)) return;
      const auto status = read_small(task + "/status");
      const auto waits = status ? number_in_lines(*status, "voluntary_ctxt_switches") : std::nullopt;
      if (!waits) return;
      notable.push_back({std::stoll(id), stat->state, stat->cpu, stat->kernel, stat->faults, *waits});
    });
    return notable;
  }

  const surroundings& around_;
  const selection chosen_;
  const process_settings settings_;
  process_judge judge_;
  std::map<pid_t, known_process> known_;  ///< those chosen at the last check
  milliseconds looked_at_{0};
};

std::string text_of(const selection& chosen) {
  std::string text = foreign_text(chosen.name);
  if (!chosen.command.empty()) text += (text.empty() ? "\"" : " \"") + foreign_text(chosen.command) + "\"";
  return text;
}

selection read_selection(fields& own) {
  selection chosen;
  for (auto [name, into] : {std::pair("name", &chosen.name), std::pair("command", &chosen.command)}) {
    if (own.has(name)) *into = own.required_text(name);
  }
  return chosen;
}

std::optional<milliseconds> read_time(fields& own, std::string_view name) {
  return own.has(name) ? std::optional(own.seconds(name, 60s, 100ms, 24h)) : std::nullopt;
}

}  // namespace

/// process: docs/probes/process.md.
spec read_process(fields& own) {
  const selection chosen = read_selection(own);
  process_settings settings;
  settings.must_exist = !chosen.name.empty() || !chosen.command.empty();
  settings.chosen = text_of(chosen);
  constexpr std::int64_t most = std::int64_t{1} << 30;
  if (own.has("maxOpenFiles")) {
    if (own.text("maxOpenFiles", "").ends_with('%')) {
      settings.max_open_files_share = read_share(own, "maxOpenFiles");
    } else {
      settings.max_open_files = own.integer("maxOpenFiles", most, 1, most);
    }
  }
  if (own.has("maxThreads")) settings.max_threads = own.integer("maxThreads", most, 1, most);
  settings.spinning_after = read_time(own, "spinningSeconds");
  settings.uninterruptible_after = read_time(own, "uninterruptibleSeconds");
  own.finish();
  if (!own.failed() && own.names().empty()) {
    own.complain("",
                 "expected what to look for: name, command, maxOpenFiles, maxThreads, spinningSeconds or "
                 "uninterruptibleSeconds");
  }
  const std::string target = settings.must_exist ? settings.chosen : "of the container";
  spec made{.target = "process " + target,
            .make = [chosen, settings](const surroundings& around) -> std::unique_ptr<probe> {
              return std::make_unique<process_probe>(around, chosen, settings);
            },
            .replay = [settings]() -> sample_judge {
              const auto judge = std::make_shared<process_judge>(settings);
              return [judge](std::string_view line, milliseconds at) {
                return judge->judge(process_sample::parse(line), at);
              };
            }};
  if (settings.uninterruptible_after) {
    made.only_observes =
        "no signal ends an uninterruptible sleep, and a restart would wait for it; judge the rest in a "
        "probe without uninterruptibleSeconds";
  }
  return made;
}

}  // namespace podmedic::probes
