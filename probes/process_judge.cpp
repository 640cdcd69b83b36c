#include "probes/process_judge.hpp"

#include "base/clock.hpp"
#include "base/foreign_text.hpp"
#include "probes/sample_text.hpp"

#include <algorithm>
#include <stdexcept>

namespace podmedic::probes {
namespace {

constexpr std::int64_t max_items = 65'536;  // of a sample's text

std::string called(const process_sample::member& one) {
  return "process " + std::to_string(one.pid) + " (" + foreign_text(one.command, 64) + ")";
}

std::int64_t count_in(const sample_text& text, const std::string& name) {
  const std::int64_t count = text.integer(name);
  if (count < 0 || count > max_items) throw std::invalid_argument("sample: impossible number of " + name);
  return count;
}

std::optional<std::int64_t> optional_in(const sample_text& text, const std::string& name) {
  return text.has(name) ? std::optional(text.integer(name)) : std::nullopt;
}

bool went_on(const process_sample::thread& before, const process_sample::thread& now) {
  if (before.state != now.state || before.waits != now.waits) return true;
  return now.state == 'R' && (before.faults != now.faults || now.cpu < before.cpu);
}

}  // namespace

std::string process_sample::to_text() const {
  sample_text text;
  text.add("container", std::string_view(container)).add("processes", static_cast<std::int64_t>(members.size()));
  for (std::size_t i = 0; i < members.size(); ++i) {
    const std::string number = std::to_string(i);
    const member& one = members[i];
    text.add("pid" + number, one.pid).add("command" + number, std::string_view(one.command));
    if (one.zombie) text.add("zombie" + number, std::int64_t{1});
    text.add("threads" + number, one.threads);
    if (one.open_files) text.add("files" + number, *one.open_files);
    if (one.open_files_limit) text.add("filesLimit" + number, *one.open_files_limit);
    if (one.io) text.add("io" + number, *one.io);
    if (!one.notable.empty()) text.add("notable" + number, static_cast<std::int64_t>(one.notable.size()));
    for (std::size_t t = 0; t < one.notable.size(); ++t) {
      const std::string which = number + "." + std::to_string(t);
      const thread& each = one.notable[t];
      text.add("thread" + which, each.id).add("state" + which, std::string_view(&each.state, 1));
      text.add("cpu" + which, std::int64_t{each.cpu.count()}).add("kernel" + which, std::int64_t{each.kernel.count()});
      text.add("faults" + which, each.faults);
      text.add("waits" + which, each.waits);
    }
  }
  return text.to_text();
}

process_sample process_sample::parse(std::string_view line) {
  const sample_text text(line);
  process_sample sample{text.text("container"), {}};
  const std::int64_t count = count_in(text, "processes");
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    member one;
    one.pid = text.integer("pid" + number);
    one.command = text.text("command" + number);
    one.zombie = text.has("zombie" + number);
    one.threads = text.integer("threads" + number);
    one.open_files = optional_in(text, "files" + number);
    one.open_files_limit = optional_in(text, "filesLimit" + number);
    one.io = optional_in(text, "io" + number);
    const std::int64_t notable = text.has("notable" + number) ? count_in(text, "notable" + number) : 0;
    for (std::int64_t t = 0; t < notable; ++t) {
      const std::string which = number + "." + std::to_string(t);
      const std::string state = text.text("state" + which);
      if (state != "R" && state != "D") throw std::invalid_argument("sample: a thread is R or D, not " + state);
      one.notable.push_back({text.integer("thread" + which), state.front(), milliseconds(text.integer("cpu" + which)),
                             milliseconds(text.integer("kernel" + which)), text.integer("faults" + which),
                             text.integer("waits" + which)});
    }
    sample.members.push_back(std::move(one));
  }
  return sample;
}

std::optional<verdict> process_judge::judge_existence(const process_sample& sample) const {
  if (!settings_.must_exist) return std::nullopt;
  if (sample.members.empty()) {
    return fail{{"ProcessAbsent", "no process of the container is " + settings_.chosen}};
  }
  const auto is_zombie = [](const process_sample::member& one) { return one.zombie; };
  if (!std::all_of(sample.members.begin(), sample.members.end(), is_zombie)) return std::nullopt;
  return fail{{"ProcessZombie", called(sample.members.front()) +
                                    " has ended, its parent has not noticed, and no other is " + settings_.chosen}};
}

std::optional<verdict> process_judge::judge_amounts(const process_sample& sample) const {
  for (const process_sample::member& one : sample.members) {
    const auto too_many = [&](const std::string& reason, const std::string& what, std::int64_t count,
                              const std::string& bound) {
      return fail{{reason, called(one) + " has " + std::to_string(count) + " " + what + ", more than " + bound}};
    };
    if (settings_.max_threads && one.threads > *settings_.max_threads) {
      return too_many("TooManyThreads", "threads", one.threads, std::to_string(*settings_.max_threads));
    }
    if (!one.open_files) continue;
    if (settings_.max_open_files && *one.open_files > *settings_.max_open_files) {
      return too_many("TooManyOpenFiles", "open files", *one.open_files, std::to_string(*settings_.max_open_files));
    }
    if (!settings_.max_open_files_share || !one.open_files_limit) continue;
    const double bound = *settings_.max_open_files_share * static_cast<double>(*one.open_files_limit);
    if (static_cast<double>(*one.open_files) > bound) {
      const auto percent = static_cast<int>(*settings_.max_open_files_share * 100 + 0.5);
      return too_many("TooManyOpenFiles", "open files", *one.open_files,
                      std::to_string(percent) + " % of its limit of " + std::to_string(*one.open_files_limit));
    }
  }
  return std::nullopt;
}

/// Which threads are as they were, and since when.
void process_judge::take(const process_sample& sample, milliseconds at) {
  std::map<thread_id, known_thread> now;
  for (const process_sample::member& one : sample.members) {
    for (const process_sample::thread& each : one.notable) {
      const thread_id id{one.pid, each.id};
      const auto known = threads_.find(id);
      const bool as_it_was = known != threads_.end() && !went_on(known->second.first, each) &&
                             (each.state == 'D' || known->second.io == one.io);
      now.emplace(id, as_it_was ? known->second : known_thread{each, one.io, at});
    }
  }
  threads_ = std::move(now);
}

std::optional<verdict> process_judge::judge_threads(milliseconds at, const process_sample& sample) const {
  for (const process_sample::member& one : sample.members) {
    for (const process_sample::thread& each : one.notable) {
      const known_thread& known = threads_.at({one.pid, each.id});
      const milliseconds lasted = at - known.since;
      const std::string who = "thread " + std::to_string(each.id) + " of " + called(one);
      if (each.state == 'D' && settings_.uninterruptible_after && lasted >= *settings_.uninterruptible_after) {
        return fail{{"ProcessUninterruptible",
                     who + " has been in one uninterruptible sleep for " + to_text(lasted) + ": no signal ends it"}};
      }
      if (each.state != 'R' || !settings_.spinning_after || lasted < *settings_.spinning_after) continue;
      const milliseconds worked = each.cpu - known.first.cpu;
      if (worked * 5 < lasted) continue;                               // it waits for a core
      if ((each.kernel - known.first.kernel) * 10 > worked) continue;  // it makes system calls: it polls
      if (!one.io) {
        return unknown{
            {"IoNotReadable", who + " seems to spin, and podmedic may not read /proc/" + std::to_string(one.pid) +
                                  "/io, so whether the process reads and writes: set the same runAsUser for both"}};
      }
      return fail{{"ThreadSpinning", who + " has run for " + to_text(lasted) + " without a pause (" + to_text(worked) +
                                         " of CPU), and the process has read and written nothing"}};
    }
  }
  return std::nullopt;
}

verdict process_judge::judge(const process_sample& sample, milliseconds at) {
  if (sample.container != container_) {
    threads_.clear();
    container_ = sample.container;
  }
  take(sample, at);
  if (auto found = judge_existence(sample)) return *found;
  if (auto found = judge_amounts(sample)) return *found;
  if (auto found = judge_threads(at, sample)) return *found;
  for (const process_sample::member& one : sample.members) {
    if (!one.zombie && !one.open_files && (settings_.max_open_files || settings_.max_open_files_share)) {
      return unknown{
          {"OpenFilesNotReadable", "podmedic may not count the open files of " + called(one) +
                                       ": before Linux 6.2 that needs its uid; set the same runAsUser for both"}};
    }
  }
  const std::size_t count = sample.members.size();
  return pass{std::to_string(count) + (count == 1 ? " process" : " processes")};
}

}  // namespace podmedic::probes
