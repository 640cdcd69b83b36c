#pragma once
#include "base/clock.hpp"
#include "base/files.hpp"
#include "supervisor/rehearsal/kubelet.hpp"
#include "test/support/directories.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/run_coroutine.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace podmedic::test {

/// A Pod of real processes under the rehearsal's kubelet, with the built podmedic as its first container. What happens
/// is told by the kubelet, not by podmedic.
class rehearsed_pod : public rehearsal::kubelet_watcher {
 public:
  struct description {
    std::string annotations;  ///< YAML lines, indented by four
    std::string containers;   ///< YAML of spec.containers, indented by two; the volume `data` is there
    std::vector<std::string> wrapper = {"/usr/bin/env"};  ///< before podmedic's own command line, at each start
    milliseconds sandbox_age{0};                          ///< what podmedic takes the Pod's age for
    std::string environment = {};                         ///< YAML items of podmedic's env, each with a comma before it
    std::function<void(const std::string& state)> prepare = {};  ///< that volume's directory, before anything starts
  };
  rehearsed_pod(boost::asio::io_context& context, const description& as)
      : context_(context), pod_(read(manifest(as))), place_(pod_, {}), changed_(context.get_executor()) {
    if (const std::string failed = place_.make(); !failed.empty()) throw std::runtime_error(failed);
    if (as.prepare) as.prepare(place_.volume_directory("podmedic-state"));
    kubelet_.emplace(context_, pod_, place_, *this);
    kubelet_->start();
  }
  ~rehearsed_pod() override {
    if (!ended_) run_coroutine(context_, end());
    std::filesystem::remove_all(place_.directory());
  }

  /// Lets it live until that holds, or no patience is left; whether it does.
  boost::asio::awaitable<bool> lives_until(std::function<bool()> holds) {
    constexpr std::chrono::milliseconds look{20};  // what is asked for may be on disk, of which nobody tells
    for (patience wait; !holds() && wait.is_left();) {
      auto living = changed_.until(holds, look);
      co_await std::move(living);
    }
    co_return holds();
  }
  bool runs_until(std::function<bool()> holds) { return run_coroutine(context_, lives_until(std::move(holds))); }
  boost::asio::awaitable<bool> end() {
    ended_ = true;
    auto ending = kubelet_->terminate(std::chrono::seconds(1));
    co_await std::move(ending);
    co_return true;
  }

  rehearsal::kubelet& of() { return *kubelet_; }
  int starts(const std::string& container) const {
    const auto found = starts_.find(container);
    return found == starts_.end() ? 0 : found->second;
  }
  /// How often podmedic has told that, in all its lives.
  long told(std::string_view reason) const { return std::count(reasons_.begin(), reasons_.end(), reason); }
  const std::vector<std::string>& reasons() const { return reasons_; }
  std::string data(const std::string& file) const { return place_.volume_directory("data") + "/" + file; }
  std::string state(const std::string& file) const { return place_.volume_directory("podmedic-state") + "/" + file; }
  nlohmann::json ledger() const {
    const auto text = read_file(state("ledger.json"), 1024 * 1024);
    return std::holds_alternative<std::string>(text) ? nlohmann::json::parse(std::get<std::string>(text))
                                                     : nlohmann::json();
  }
  std::string logs() const { return place_.log_directory(); }

 private:
  static std::string manifest(const description& as) {
    std::string command;
    for (const std::string& word : as.wrapper) command += nlohmann::json(word).dump() + ", ";
    const std::string started = std::to_string((boot_now() - as.sandbox_age).time_since_epoch().count());
    return "kind: Pod\nmetadata:\n  name: rehearsed\n  annotations:\n" + as.annotations +
           "spec:\n  shareProcessNamespace: true\n  terminationGracePeriodSeconds: 1\n"
           "  volumes:\n  - {name: data, emptyDir: {}}\n  - {name: podmedic-state, emptyDir: {}}\n"
           "  - {name: podmedic-podinfo, downwardAPI: {items: [{path: annotations, fieldRef: {fieldPath: "
           "metadata.annotations}}]}}\n"
           "  initContainers:\n  - name: podmedic\n    restartPolicy: Always\n"
           "    restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [88]}}]\n"
           "    command: [" +
           command + binary_directory() +
           "/podmedic, run, --address, 127.0.0.1, --port, \"0\", --log-format, json]\n"
           "    env: [{name: PODMEDIC_STATE_DIR, value: /var/lib/podmedic}, {name: PODMEDIC_PODINFO, value: "
           "/etc/podmedic/podinfo/annotations}, {name: PODMEDIC_SANDBOX_STARTED_MS, value: \"" +
           started + "\"}" + as.environment +
           "]\n"
           "    volumeMounts: [{name: podmedic-state, mountPath: /var/lib/podmedic}, {name: podmedic-podinfo, "
           "mountPath: "
           "/etc/podmedic/podinfo}]\n"
           "  containers:\n" +
           as.containers;
  }
  static rehearsal::pod_manifest read(const std::string& text) {
    mistakes found;
    rehearsal::pod_manifest pod = rehearsal::read_pod("pod", text, found);
    for (const mistake& each : found) throw std::runtime_error(each.to_text());
    return pod;
  }

  void container_started(const rehearsal::container_manifest& c, int starts) override {
    starts_[c.name] = starts;
    changed_.notify();
  }
  void container_ended(const rehearsal::container_manifest&, int) override { changed_.notify(); }
  void liveness_failed(const rehearsal::container_manifest&, const std::string&) override {}
  void restarting_all(const rehearsal::container_manifest&, int) override { changed_.notify(); }
  void ready_changed(bool) override { changed_.notify(); }
  void container_said(const rehearsal::container_manifest& c, std::string_view line) override {
    if (c.name != "podmedic") return;
    const auto said = nlohmann::json::parse(line, nullptr, false);
    if (said.is_object() && said.contains("reason")) reasons_.push_back(said["reason"]);
    changed_.notify();
  }

  boost::asio::io_context& context_;
  rehearsal::pod_manifest pod_;
  rehearsal::sandbox place_;
  rehearsal::change changed_;
  std::optional<rehearsal::kubelet> kubelet_;
  std::map<std::string, int> starts_;
  std::vector<std::string> reasons_;
  bool ended_ = false;
};

}  // namespace podmedic::test
