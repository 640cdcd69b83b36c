#include "supervisor/rehearsal/prober.hpp"

#include "base/foreign_text.hpp"
#include "base/http_client.hpp"
#include "base/spawn.hpp"

namespace podmedic::rehearsal {
namespace asio = boost::asio;
namespace {

verdict verdict_of(const command_result& ended) {
  if (const auto* not_started = std::get_if<command_not_started>(&ended)) {
    return unknown{{"CommandNotStarted", not_started->message}};
  }
  const auto& exit = std::get<command_exit>(ended);
  if (exit.timed_out) return fail{{"CommandTimedOut", "the command did not end in time"}};
  if (exit.code != 0) return fail{{"CommandFailed", foreign_text(exit.output)}};
  return pass{};
}

/// The kubelet's kinds ask over the network alone.
struct no_processes final : probes::pod_processes {
  std::variant<const container_processes*, diagnosis> of(const std::string&) const override {
    return diagnosis{"ProcessesNotShared", "the kubelet looks at no process"};
  }
};

}  // namespace

std::optional<bool> probe_threshold::add(const verdict& found) {
  if (std::holds_alternative<unknown>(found)) return std::nullopt;
  const bool passed = std::holds_alternative<pass>(found);
  in_a_row_ = in_a_row_ > 0 && passed == last_passed_ ? in_a_row_ + 1 : 1;
  last_passed_ = passed;
  if (in_a_row_ < (passed ? success_ : failure_)) return std::nullopt;
  return passed;
}

asio::awaitable<verdict> check_once(asio::io_context& context, const probe_manifest& probe,
                                    const std::vector<std::string>& command,
                                    const std::vector<std::string>& environment) {
  if (std::holds_alternative<exec_action>(probe.action)) {
    auto running = run_command(command, probe.timeout, 4096, environment);
    const command_result ended = co_await std::move(running);
    co_return verdict_of(ended);
  }
  http_client http(context);
  const no_processes processes;
  const probes::surroundings around{.http = http, .processes = processes};
  const std::unique_ptr<probes::probe> asked = std::get<probes::spec>(probe.action).make(around);
  auto asking = asked->check(probe.timeout);
  verdict found = co_await std::move(asking);
  co_return found;
}

}  // namespace podmedic::rehearsal
