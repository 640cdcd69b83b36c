#include "supervisor/rehearsal/scenario.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <sstream>

namespace podmedic::rehearsal {
namespace {

constexpr std::array<std::string_view, 6> signal_names{"STOP", "KILL", "TERM", "USR1", "USR2", "HUP"};
constexpr std::array signal_numbers{SIGSTOP, SIGKILL, SIGTERM, SIGUSR1, SIGUSR2, SIGHUP};

fault read_fault_fields(fields& given) {
  fault read;
  read.container = given.required_text("container");
  read.command = given.texts("command");
  const std::size_t signal = given.word("signal", 0, signal_names);
  if (given.has("signal") == given.has("command")) given.complain("", "needs signal or command, and not both");
  if (given.has("signal")) read.signal = signal_numbers[signal];
  given.finish();
  return read;
}

}  // namespace

std::string fault::to_text() const {
  const auto known = std::find(signal_numbers.begin(), signal_numbers.end(), signal);
  if (known != signal_numbers.end()) {
    return "SIG" + std::string(signal_names[static_cast<std::size_t>(known - signal_numbers.begin())]) +
           " to container " + container;
  }
  std::string line = "in container " + container + ":";
  for (const std::string& word : command) line += " " + word;
  return line;
}

scenario read_scenario(const std::string& source, std::string_view text, mistakes& found) {
  scenario read;
  fields top = fields::parse(source, text, found);
  if (auto given = top.object("fault")) {
    read.inject = read_fault_fields(*given);
  } else {
    top.complain("fault", "is required: {container, signal} or {container, command}");
  }
  for (fields& phase : top.objects("phases")) {
    const std::string reason = phase.required_text("reason");
    read.phases.push_back({reason, phase.text("title", reason)});
    phase.finish();
  }
  for (fields& file : top.objects("files")) {
    read.files.push_back({file.required_text("volume"), file.required_text("path"),
                          static_cast<int>(file.integer("lines", 1, 0, 1'000'000)), file.text("title", "")});
    file.finish();
  }
  top.finish();
  return read;
}

fault read_fault(std::string_view text, mistakes& found) {
  fault read;
  const std::size_t colon = text.find(':');
  std::istringstream words{std::string(colon == std::string_view::npos ? "" : text.substr(colon + 1))};
  for (std::string word; words >> word;) read.command.push_back(word);
  std::istringstream name{std::string(text.substr(0, colon))};
  name >> read.container;
  if (read.container.empty() || read.command.empty()) {
    found.push_back({"--fault", 0, 0, "", "expected 'CONTAINER: stop', 'CONTAINER: kill' or 'CONTAINER: COMMAND'"});
  } else if (read.command.size() == 1 && (read.command[0] == "stop" || read.command[0] == "kill")) {
    read.signal = read.command[0] == "stop" ? SIGSTOP : SIGKILL;
    read.command.clear();
  }
  return read;
}

const expected_phase* phase_progress::take(std::string_view reason) {
  const auto at = std::find_if(expected_.begin(), expected_.end(), [&](const auto& p) { return p.reason == reason; });
  if (at == expected_.end()) return nullptr;
  if (taken_ < expected_.size() && expected_[taken_].reason == reason) return &expected_[taken_++];
  const std::string next = complete() ? "the last phase was over" : "\"" + expected_[taken_].title + "\" was expected";
  out_of_order_.push_back("\"" + at->title + "\" came when " + next);
  return &*at;
}

std::vector<std::string> phase_progress::missing() const {
  std::vector<std::string> titles;
  for (std::size_t i = taken_; i < expected_.size(); ++i) titles.push_back(expected_[i].title);
  return titles;
}

}  // namespace podmedic::rehearsal
