#include "supervisor/rehearsal/director.hpp"

#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/foreign_text.hpp"
#include "base/spawn.hpp"
#include "supervisor/rehearsal/sidecar_words.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace podmedic::rehearsal {
namespace asio = boost::asio;
using namespace std::chrono_literals;

director::director(asio::io_context& context, const pod_manifest& pod, const scenario& play, const sandbox& place,
                   timeline& show, milliseconds limit)
    : pod_(pod),
      play_(play),
      place_(place),
      show_(show),
      limit_(limit),
      kubelet_(context, pod, place, *this),
      changed_(context.get_executor()),
      progress_(play.phases) {}

void director::interrupt() {
  interrupted_ = true;
  changed_.notify();
}

asio::awaitable<outcome> director::direct() {
  const instant began = boot_now();
  kubelet_.start();
  outcome end;
  auto getting_healthy = until_healthy();
  const bool healthy = co_await std::move(getting_healthy);
  if (healthy) {
    show_.remark("ready", "Ready after " + to_text(boot_now() - began) + ", and podmedic's probes pass");
    auto following = follow();
    end = co_await std::move(following);
  } else {
    end.failures.push_back(interrupted_ ? "interrupted"
                                        : "no fault was injected, because the Pod did not become healthy within " +
                                              to_text(limit_) + ": " + complaint_);
  }
  end.log_directory = place_.log_directory();
  constexpr milliseconds for_the_impatient = 2s;
  auto ending = kubelet_.terminate(interrupted_ ? std::min(pod_.grace, for_the_impatient) : pod_.grace);
  co_await std::move(ending);
  co_return end;
}

asio::awaitable<bool> director::until_healthy() {
  constexpr milliseconds between_looks = 200ms;
  const instant deadline = boot_now() + limit_;
  const std::function<bool()> interrupted = [this] { return interrupted_; };
  while (!interrupted_ && boot_now() < deadline) {
    complaint_ = "it is not Ready";
    if (kubelet_.ready()) {
      auto asking = complaint_of_sidecar();
      complaint_ = co_await std::move(asking);
      if (complaint_.empty()) co_return true;
    }
    auto waiting = changed_.until(interrupted, between_looks);
    co_await std::move(waiting);
  }
  co_return false;
}

asio::awaitable<std::string> director::complaint_of_sidecar() {
  constexpr std::size_t most_bytes = 256 * 1024;
  const auto podmedic = std::find_if(pod_.containers.begin(), pod_.containers.end(), is_podmedic);
  if (podmedic == pod_.containers.end()) co_return "";
  const std::vector<std::string> command = place_.command(*podmedic, {podmedic->command.front(), "status", "--json"});
  auto running = run_command(command, 2s, most_bytes, place_.environment(*podmedic));
  const command_result ended = co_await std::move(running);
  const auto* exit = std::get_if<command_exit>(&ended);
  co_return exit == nullptr || exit->code != 0 ? "podmedic does not answer" : complaint_in(exit->output);
}

/// Injects the fault, and waits until the Pod is as it should be, or for as long as it may take.
asio::awaitable<outcome> director::follow() {
  outcome end;
  fault_at_ = boot_now();
  show_.fault(play_.inject.to_text(), *fault_at_);
  auto injecting = inject();
  const std::string error = co_await std::move(injecting);
  if (!error.empty()) {
    end.failures.push_back("the fault could not be injected: " + error);
    co_return end;
  }
  const bool has_phases = !play_.phases.empty();
  const std::function<bool()> shown = [this, has_phases] {
    return interrupted_ || (has_phases ? progress_.complete() && kubelet_.ready() : noticed_);
  };
  auto showing = changed_.until(shown, limit_);
  const bool in_time = co_await std::move(showing);
  if (!in_time && !has_phases) end.failures.push_back("nothing came of the fault within " + to_text(limit_));
  if (in_time && !has_phases) {
    auto healing = until_healthy();
    const bool healthy = co_await std::move(healing);
    if (!healthy) end.failures.push_back("the Pod is not healthy again: " + complaint_);
  }
  judge(end);
  co_return end;
}

asio::awaitable<std::string> director::inject() {
  const fault& what = play_.inject;
  if (what.signal != 0) {
    if (kubelet_.signal(what.container, what.signal)) co_return "";
    co_return "container " + what.container + " has no process";
  }
  const auto in = std::find_if(pod_.containers.begin(), pod_.containers.end(),
                               [&](const container_manifest& c) { return c.name == what.container; });
  auto running = run_command(place_.command(*in, what.command), limit_, 4096, place_.environment(*in));
  const command_result ended = co_await std::move(running);
  if (const auto* not_started = std::get_if<command_not_started>(&ended)) co_return not_started->message;
  const auto& exit = std::get<command_exit>(ended);
  if (exit.code == 0) co_return "";
  co_return "it ended with " + std::to_string(exit.code) + ": " + foreign_text(exit.output);
}

void director::judge(outcome& end) {
  judged_ = true;
  const auto expect = [&](bool holds, std::string good, std::string bad) {
    (holds ? end.confirmations : end.failures).push_back(holds ? std::move(good) : std::move(bad));
  };
  if (interrupted_) end.failures.push_back("interrupted");
  for (const std::string& each : progress_.out_of_order()) end.failures.push_back(each);
  for (const std::string& title : progress_.missing()) end.failures.push_back("\"" + title + "\" did not come");
  const std::string times = std::to_string(kubelet_.restarts_of_all());
  end.restarts_of_all = kubelet_.restarts_of_all();
  if (!play_.phases.empty()) {
    expect(progress_.complete() && progress_.out_of_order().empty(),
           "all " + std::to_string(play_.phases.size()) + " phases, in the expected order",
           "the phases are not as expected");
    const auto wanted = std::count_if(play_.phases.begin(), play_.phases.end(),
                                      [](const auto& p) { return p.reason == "RestartingAllContainers"; });
    expect(kubelet_.restarts_of_all() == wanted, "restarts of all containers in place: " + times,
           "restarts of all containers in place: " + times + ", expected " + std::to_string(wanted));
  } else {
    end.confirmations.push_back("restarts of all containers in place: " + times);
  }
  judge_files(end);
  expect(kubelet_.ready(), "the Pod is Ready", "the Pod is not Ready");
  end.good = end.failures.empty();
  if (kubelet_.ready() && ready_again_at_) end.until_ready = *ready_again_at_ - *fault_at_;
}

void director::judge_files(outcome& end) const {
  constexpr std::size_t most_bytes = 1024 * 1024;
  for (const expected_file& file : play_.files) {
    const auto content = read_file(place_.volume_directory(file.volume) + "/" + file.path, most_bytes);
    const auto* text = std::get_if<std::string>(&content);
    const auto lines = text == nullptr ? -1 : std::count(text->begin(), text->end(), '\n');
    const std::string what = "volume " + file.volume + ": " + file.path;
    if (lines == file.lines) {
      end.confirmations.push_back(what + " has " + std::to_string(lines) + " lines" +
                                  (file.title.empty() ? "" : ": " + file.title));
    } else {
      end.failures.push_back(what + (text == nullptr ? " cannot be read" : " has " + std::to_string(lines) + " lines") +
                             ", expected " + std::to_string(file.lines));
    }
  }
}

}  // namespace podmedic::rehearsal
