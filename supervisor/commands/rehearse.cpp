#include "base/files.hpp"
#include "supervisor/commands/commands.hpp"
#include "supervisor/rehearsal/director.hpp"
#include "supervisor/rehearsal/ports.hpp"

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace podmedic::commands {
namespace asio = boost::asio;
namespace {

constexpr int interrupted = 130;

struct plan {
  rehearsal::pod_manifest pod;
  rehearsal::scenario play;
};

std::string read_or_complain(const std::string& path, mistakes& found) {
  constexpr std::size_t most_bytes = 1024 * 1024;
  auto content = read_file(path, most_bytes);
  if (auto* text = std::get_if<std::string>(&content)) return std::move(*text);
  found.push_back({path, 0, 0, "", std::get<file_error>(content).message});
  return {};
}

plan read_plan(const rehearse_options& options, mistakes& found) {
  plan read;
  const std::string pod = read_or_complain(options.pod_file, found);
  if (!pod.empty()) read.pod = rehearsal::read_pod(options.pod_file, pod, found);
  if (!options.scenario_file.empty()) {
    const std::string play = read_or_complain(options.scenario_file, found);
    if (!play.empty()) read.play = rehearsal::read_scenario(options.scenario_file, play, found);
  }
  if (!options.fault.empty()) read.play.inject = rehearsal::read_fault(options.fault, found);
  if (options.scenario_file.empty() && options.fault.empty()) {
    found.push_back({"rehearse", 0, 0, "", "needs --scenario or --fault: what is to happen to the Pod"});
  }
  return read;
}

/// Everything that would keep the Pod from starting, said before it is started.
void check_plan(const plan& read, const rehearsal::sandbox& place, mistakes& found) {
  const auto complain = [&](const std::string& what) { found.push_back({"rehearse", 0, 0, "", what}); };
  const auto& containers = read.pod.containers;
  const bool known = std::any_of(containers.begin(), containers.end(),
                                 [&](const auto& c) { return c.name == read.play.inject.container; });
  if (!known) complain("the fault's container \"" + read.play.inject.container + "\" is none of the Pod's");
  for (const rehearsal::container_manifest& container : containers) {
    const auto needs = [&](const std::vector<std::string>& command) {
      if (command.empty() || !place.command(container, command).front().empty()) return;
      complain("container " + container.name + ": no program for " + command.front() +
               " on this machine; give the "
               "directory that it lies in with --path");
    };
    needs(container.command);
    needs(container.pre_stop);
    if (container.name == read.play.inject.container) needs(read.play.inject.command);
    for (const auto* probe : {&container.startup, &container.readiness, &container.liveness}) {
      const auto* exec = *probe ? std::get_if<rehearsal::exec_action>(&(*probe)->action) : nullptr;
      if (exec != nullptr) needs(exec->command);
    }
  }
  for (const std::string& line : rehearsal::ports_in_use(read.pod)) complain(line);
}

int complain(const mistakes& found) {
  for (const mistake& each : found) fmt::print(stderr, "podmedic: {}\n", each.to_text());
  return usage_error;
}

/// Ctrl-C ends the Pod in order; a second one ends everything now (the kernel then kills the containers).
void end_on_signals(asio::signal_set& signals, rehearsal::director& lead, bool& was_interrupted) {
  signals.async_wait([&signals, &lead, &was_interrupted](boost::system::error_code error, int) {
    if (error) return;
    if (was_interrupted) std::_Exit(interrupted);
    was_interrupted = true;
    lead.interrupt();
    end_on_signals(signals, lead, was_interrupted);
  });
}

}  // namespace

int rehearse(const rehearse_options& options) {
  mistakes found;
  const plan read = read_plan(options, found);
  if (!found.empty()) return complain(found);
  rehearsal::sandbox place(read.pod, options.path);
  check_plan(read, place, found);
  if (!found.empty()) return complain(found);
  const std::string error = place.make();
  if (!error.empty()) return complain({{"rehearse", 0, 0, "", error}});

  rehearsal::timeline show(stdout, rehearsal::timeline::style_for(stdout, options.as_json),
                           rehearsal::timeline::width_of(stdout));
  show.start(read.pod.name, read.pod.containers.size(), place.log_directory());
  for (const std::string& each : read.pod.remarks) show.remark("remark", each);

  asio::io_context context(1);
  const milliseconds limit(static_cast<long>(options.limit_seconds * 1000));
  rehearsal::director lead(context, read.pod, read.play, place, show, limit);
  asio::signal_set signals(context, SIGINT, SIGTERM);
  bool was_interrupted = false;
  end_on_signals(signals, lead, was_interrupted);
  rehearsal::outcome end;
  asio::co_spawn(context, lead.direct(), [&](std::exception_ptr fault, rehearsal::outcome came) {
    context.stop();
    if (fault) std::rethrow_exception(fault);
    end = std::move(came);
  });
  context.run();
  show.summary(end);
  return was_interrupted ? interrupted : end.good ? success : usage_error;
}

}  // namespace podmedic::commands
