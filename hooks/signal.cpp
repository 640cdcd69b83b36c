#include "base/files.hpp"
#include "base/process_table.hpp"
#include "base/signal_process.hpp"
#include "hooks/kinds.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace podmedic::hooks {
namespace {

namespace asio = boost::asio;

constexpr std::array<std::string_view, 8> signal_names{"TERM", "KILL", "HUP", "USR1", "USR2", "INT", "QUIT", "CONT"};
constexpr std::array<int, 8> signal_numbers{SIGTERM, SIGKILL, SIGHUP, SIGUSR1, SIGUSR2, SIGINT, SIGQUIT, SIGCONT};
constexpr std::array<std::string_view, 2> process_words{"Main", "All"};

struct order {
  std::string container;
  std::size_t signal = 0;  ///< index into signal_names
  bool all = false;
};

std::string to_text(const order& given) {
  return "signal " + std::string(signal_names[given.signal]) + " to " + (given.all ? "all of " : "") + given.container;
}

class signal_hook final : public hook {
 public:
  signal_hook(const surroundings& around, order given) : around_(around), order_(std::move(given)) {}

  asio::awaitable<std::optional<std::string>> run(milliseconds) override { co_return send(); }

 private:
  std::optional<std::string> send() const {
    const auto group = find_container();
    if (!group) {
      const bool blind = !around_.processes.shares_namespace();
      return to_text(order_) + (blind ? ": the Pod has no shareProcessNamespace" : ": no process of such a container");
    }
    bool reached = false;
    for (const process& one : group->members) {
      if (one.pid == ::getpid() || one.state == 'Z') continue;
      const int error = signal_process(one.pid, one.started, signal_numbers[order_.signal]);
      if (error != 0 && error != ESRCH) return errno_text(to_text(order_), "pid " + std::to_string(one.pid), error);
      reached = reached || error == 0;
      if (!order_.all) break;
    }
    if (!reached) return to_text(order_) + ": its process is gone";
    return std::nullopt;
  }

  /// While a container is being replaced its old processes may linger: the one whose main process is the youngest.
  std::optional<container_processes> find_container() const {
    static const std::map<std::string, std::string> none;
    std::optional<container_processes> found;
    for (auto& group : around_.processes.containers(around_.names_by_id != nullptr ? *around_.names_by_id : none)) {
      if (group.name != order_.container || group.members.empty()) continue;
      if (!found || found->members[0].started < group.members[0].started) found = std::move(group);
    }
    return found;
  }

  surroundings around_;
  order order_;
};

}  // namespace

spec read_signal(fields& own) {
  order given;
  given.container = own.required_text("container");
  given.signal = own.word("signal", 0, signal_names);
  given.all = own.word("processes", 0, process_words) == 1;
  own.finish();
  if (own.failed()) return {};

  spec read;
  read.target = to_text(given);
  read.make = [given](const surroundings& around) -> std::unique_ptr<hook> {
    return std::make_unique<signal_hook>(around, given);
  };
  return read;
}

}  // namespace podmedic::hooks
