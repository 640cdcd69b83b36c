#include "base/clock.hpp"
#include "base/foreign_text.hpp"
#include "base/spawn.hpp"
#include "hooks/kinds.hpp"

#include <utility>

namespace podmedic::hooks {
namespace {

namespace asio = boost::asio;

constexpr std::size_t max_output_bytes = 1024;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return foreign_text(text);
}

/// The last line of what a program said: usually the one that tells why it failed.
std::string last_line(std::string output) {
  while (!output.empty() && (output.back() == '\n' || output.back() == '\r')) output.pop_back();
  return foreign_text(output.substr(output.rfind('\n') + 1));
}

class exec_hook final : public hook {
 public:
  explicit exec_hook(std::vector<std::string> command) : command_(std::move(command)) {}

  asio::awaitable<std::optional<std::string>> run(milliseconds timeout) override {
    const command_result result = co_await run_command(command_, timeout, max_output_bytes);
    if (const auto* not_started = std::get_if<command_not_started>(&result)) co_return not_started->message;
    co_return judge(std::get<command_exit>(result), timeout);
  }

 private:
  std::optional<std::string> judge(const command_exit& ended, milliseconds timeout) const {
    if (ended.code == 0 && !ended.timed_out) return std::nullopt;
    std::string message = joined(command_) + ": ";
    message += ended.timed_out ? "killed after " + to_text(timeout) : "exit code " + std::to_string(ended.code);
    const std::string said = last_line(ended.output);
    return said.empty() ? message : message + ": " + said;
  }

  std::vector<std::string> command_;
};

}  // namespace

spec read_exec(fields& own) {
  std::vector<std::string> command = own.texts("command");
  if (!own.failed() && (command.empty() || command[0].empty())) {
    own.complain("command", "expected a program and its arguments, as in [\"/bin/drain\", \"--now\"]");
  }
  own.finish();
  if (own.failed()) return {};

  spec read;
  read.target = "exec " + joined(command);
  read.make = [command](const surroundings&) -> std::unique_ptr<hook> { return std::make_unique<exec_hook>(command); };
  return read;
}

}  // namespace podmedic::hooks
