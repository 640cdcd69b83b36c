// What the kubelet and the sidecar tell, and what of it is shown. See director.hpp.
#include "base/clock.hpp"
#include "base/foreign_text.hpp"
#include "supervisor/rehearsal/director.hpp"
#include "supervisor/rehearsal/sidecar_words.hpp"

#include <string.h>
#include <csignal>

namespace podmedic::rehearsal {
namespace {

std::string end_text(int exit_code) {
  if (exit_code <= 128) return "exited with " + std::to_string(exit_code);
  const char* name = ::sigabbrev_np(exit_code - 128);
  return "was ended by " + (name == nullptr ? "signal " + std::to_string(exit_code - 128) : "SIG" + std::string(name));
}

}  // namespace

void director::tell(std::string_view name, const std::string& message) {
  noticed_ = fault_at_.has_value();
  show_.event(name, message, boot_now());
  changed_.notify();
}

void director::container_started(const container_manifest& container, int starts) {
  if (starts == 1) return;
  tell("container", (container.as == role::init ? "init container " : "container ") + container.name +
                        (container.as == role::init ? " runs again" : " started again") + ", restart " +
                        std::to_string(starts - 1));
}

void director::container_ended(const container_manifest& container, int exit_code) {
  if (container.as == role::init && exit_code == 0) return;
  const std::string& said = last_line_[container.name];
  const bool by_itself = exit_code != 0 && exit_code <= 128 && !is_podmedic(container);
  tell("container", "container " + container.name + " " + end_text(exit_code) +
                        (by_itself && !said.empty() ? "; it said last: " + said : ""));
}

void director::liveness_failed(const container_manifest& container, const std::string& why) {
  tell("container", "container " + container.name + " is killed, its liveness or startup probe failed: " + why);
}

void director::restarting_all(const container_manifest& because_of, int exit_code) {
  tell("restartAllContainers", "the rule of container " + because_of.name + " for exit code " +
                                   std::to_string(exit_code) + " restarts all containers");
}

void director::ready_changed(bool ready) {
  if (!fault_at_) return changed_.notify();
  if (ready) ready_again_at_ = boot_now();
  tell("ready", ready ? "the Pod is Ready" : "the Pod is not Ready");
}

void director::container_said(const container_manifest& container, std::string_view line) {
  std::string said = foreign_text(line);
  if (!said.empty()) last_line_[container.name] = std::move(said);
  if (is_podmedic(container)) hear_sidecar(line);
}

void director::hear_sidecar(std::string_view line) {
  const std::optional<told> heard = read_log_line(line);
  if (!heard || judged_) return;
  if (!fault_at_) {
    if (heard->warning) show_.remark(heard->reason, "podmedic: " + heard->message);
    return;
  }
  const expected_phase* phase = progress_.take(heard->reason);
  if (phase == nullptr && !play_.phases.empty()) {
    if (heard->warning) tell(heard->reason, "podmedic: " + heard->message);
    return;
  }
  noticed_ = true;
  show_.phase(heard->reason, phase == nullptr ? heard->reason : phase->title, heard->message, boot_now());
  changed_.notify();
}

}  // namespace podmedic::rehearsal
