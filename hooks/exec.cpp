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
std::string last_line(std::string_view output) {
  while (!output.empty() && (output.back() == '\n' || output.back() == '\r')) output.remove_suffix(1);
  return foreign_text(output.substr(output.rfind('\n') + 1));
}

class exec_hook final : public hook {
 public:
  exec_hook(std::vector<std::string> command, std::string* keep) : command_(std::move(command)), keep_(keep) {}

  asio::awaitable<std::optional<std::string>> run(milliseconds timeout) override {
    const std::size_t most = keep_ != nullptr ? max_kept_output : max_output_bytes;
    command_result result = co_await run_command(command_, timeout, most);
    if (const auto* not_started = std::get_if<command_not_started>(&result)) co_return not_started->message;
    auto& ended = std::get<command_exit>(result);
    std::optional<std::string> error = judge(ended, timeout);
    if (keep_ != nullptr) *keep_ = std::move(ended.output);
    co_return error;
  }

 private:
  std::optional<std::string> judge(const command_exit& ended, milliseconds timeout) const {
    if (ended.code == 0 && !ended.timed_out) return std::nullopt;
    std::string message = joined(command_) + ": ";
    message += ended.timed_out ? "killed after " + to_text(timeout) : "exit code " + std::to_string(ended.code);
    const std::string_view output = ended.output;
    const std::string said = last_line(output.substr(0, max_output_bytes));
    return said.empty() ? message : message + ": " + said;
  }

  std::vector<std::string> command_;
  std::string* keep_;
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
  read.make = [command](const surroundings& around) -> std::unique_ptr<hook> {
    return std::make_unique<exec_hook>(command, around.output);
  };
  return read;
}

}  // namespace podmedic::hooks
