#include "base/clock.hpp"
#include "base/foreign_text.hpp"
#include "base/spawn.hpp"
#include "probes/registry.hpp"

namespace podmedic::probes {

namespace {

class exec_probe final : public probe {
 public:
  explicit exec_probe(std::vector<std::string> command) : command_(std::move(command)) {}

  boost::asio::awaitable<verdict> check(milliseconds timeout) override {
    auto running = run_command(command_, timeout);  // no environment: no secrets
    const command_result ended = co_await std::move(running);
    if (const auto* not_started = std::get_if<command_not_started>(&ended)) {
      co_return unknown{{"CommandNotStarted", not_started->message}};
    }
    co_return judge(std::get<command_exit>(ended), timeout);
  }

 private:
  verdict judge(const command_exit& ended, milliseconds timeout) const {
    const std::string said = foreign_text(ended.output);
    const std::string output = said.empty() ? "" : ": " + said;
    if (ended.timed_out) {
      return fail{{"CommandTimedOut", command_.front() + " did not end within " + to_text(timeout) + output}};
    }
    if (ended.code != 0) {
      return fail{{"CommandFailed", command_.front() + " ended with " + std::to_string(ended.code) + output}};
    }
    return pass{said};
  }

  const std::vector<std::string> command_;
};

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    line += " " + word;
  }
  return foreign_text(line);
}

}  // namespace

/// exec: {command}: docs/probes/exec.md.
spec read_exec(fields& own) {
  const std::vector<std::string> command = own.texts("command");
  if (!own.failed("command") && (command.empty() || command.front().empty())) {
    own.complain("command", "expected a program and its arguments, as in [\"/checks/alive\", \"--quick\"]");
  }
  own.finish();
  return {.target = "exec " + joined(command), .local = true, .make = [command](const surroundings&) {
            return std::unique_ptr<probe>(std::make_unique<exec_probe>(command));
          }};
}

}  // namespace podmedic::probes
