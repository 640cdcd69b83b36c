#pragma once
#include "base/verdict.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Whether a container's processes are there and well: pure.
namespace podmedic::probes {

struct process_settings {
  std::string chosen;       ///< for people: "worker", "the processes of the container"
  bool must_exist = false;  ///< some are chosen by name or command
  std::optional<std::int64_t> max_open_files;
  std::optional<double> max_open_files_share;  ///< of the process's own limit, 0 to 1
  std::optional<std::int64_t> max_threads;
  std::optional<milliseconds> spinning_after;
  std::optional<milliseconds> uninterruptible_after;
};

/// What one check saw.
struct process_sample {
  /// A thread that was running (R) or in uninterruptible sleep (D).
  struct thread {
    std::int64_t id = 0;
    char state = 'R';
    milliseconds cpu{0};
    milliseconds kernel{0};  ///< of it, in system calls
    std::int64_t faults = 0;
    std::int64_t waits = 0;  ///< how often it went to sleep: voluntary context switches
  };
  struct member {
    std::int64_t pid = 0;
    std::string command;
    bool zombie = false;
    std::int64_t threads = 0;
    std::optional<std::int64_t> open_files;
    std::optional<std::int64_t> open_files_limit;
    std::optional<std::int64_t>
        io;  ///< calls of read(2), write(2) and the like, and their bytes; nothing: not readable
    std::vector<thread> notable;
  };
  std::string container;  ///< tells one life of it from the next
  std::vector<member> members;

  std::string to_text() const;
  /// Throws std::invalid_argument.
  static process_sample parse(std::string_view line);
};

/// A thread spins when for the whole of `spinning_after` it never slept, had at least a fifth of a core, nearly all of
/// it outside the kernel, met no page fault, and its process neither read nor wrote: a long computation does at least
/// one of these, and a thread that polls makes system calls. It sits in uninterruptible sleep when that is one and the
/// same sleep all the time: a busy disk shows a thread asleep often, and in another sleep each time.
class process_judge {
 public:
  explicit process_judge(process_settings settings) : settings_(std::move(settings)) {}
  /// `at` is monotonic.
  verdict judge(const process_sample& sample, milliseconds at);

 private:
  using thread_id = std::pair<std::int64_t, std::int64_t>;  // pid, thread
  struct known_thread {
    process_sample::thread first;  ///< as it was at `since`
    std::optional<std::int64_t> io;
    milliseconds since{0};
  };
  std::optional<verdict> judge_existence(const process_sample& sample) const;
  std::optional<verdict> judge_amounts(const process_sample& sample) const;
  std::optional<verdict> judge_threads(milliseconds at, const process_sample& sample) const;
  void take(const process_sample& sample, milliseconds at);

  process_settings settings_;
  std::string container_;
  std::map<thread_id, known_thread> threads_;
};

}  // namespace podmedic::probes
