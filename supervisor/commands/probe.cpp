#include "base/clock.hpp"
#include "base/http_client.hpp"
#include "base/verdict.hpp"
#include "probes/sample_text.hpp"
#include "supervisor/commands/commands.hpp"
#include "supervisor/config/configuration.hpp"
#include "supervisor/containers.hpp"

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>

namespace podmedic::commands {
namespace {

constexpr int parse_failed = 1;
constexpr int could_not_ask = 2;
constexpr int timed_out = 3;
constexpr int unhealthy = 4;

int say(const char* word, const diagnosis& why, milliseconds took, int code) {
  fmt::print("{} {} in {}: {}\n", word, why.reason, to_text(took), why.message);
  return code;
}

int report(const verdict& found, milliseconds took) {
  if (const auto* passed = std::get_if<pass>(&found)) {
    fmt::print("Pass in {}{}{}\n", to_text(took), passed->note.empty() ? "" : ": ", passed->note);
    return success;
  }
  if (const auto* failed = std::get_if<fail>(&found)) {
    const std::string& reason = failed->why.reason;
    return say("Fail", failed->why, took,
               reason == "ConnectionRefused"  ? could_not_ask
               : reason.ends_with("TimedOut") ? timed_out
                                              : unhealthy);
  }
  return say("Unknown", std::get<unknown>(found).why, took, could_not_ask);
}

/// What stands for a check that gave no sample: there was nobody to ask, or the kind has none.
std::string sample_of(const verdict& found) {
  probes::sample_text line;
  if (std::holds_alternative<pass>(found)) return line.add("verdict", "Pass").to_text();
  const auto* failed = std::get_if<fail>(&found);
  const diagnosis& why = failed != nullptr ? failed->why : std::get<unknown>(found).why;
  line.add("verdict", failed != nullptr ? "Fail" : "Unknown").add("reason", why.reason).add("message", why.message);
  return line.to_text();
}

/// Checks every period for so long, and prints a line for each: the seconds since the first, and what it saw.
boost::asio::awaitable<void> record(probes::probe& asked, const config::probe_entry& entry, milliseconds timeout,
                                    double seconds, containers& others, std::string& sample) {
  using clock = std::chrono::steady_clock;
  const clock::time_point began = clock::now();
  const auto end = began + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(seconds));
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  for (clock::time_point next = began; next < end; next = std::max(next + entry.period, clock::now())) {
    timer.expires_at(next);
    co_await timer.async_wait(boost::asio::use_awaitable);
    others.look();
    sample.clear();
    const verdict found = co_await asked.check(timeout);
    const double at = std::chrono::duration<double>(clock::now() - began).count();
    fmt::print("{:.3f} {}\n", at, sample.empty() ? sample_of(found) : sample);
    std::fflush(stdout);
  }
}

}  // namespace

int probe(const std::string& yaml, const std::string& own_container, double timeout_seconds, double record_seconds) {
  const config::configuration read = config::parse({{"probe.podmedic.io/command-line", yaml}});
  for (const mistake& m : read.found) fmt::print(stderr, "podmedic: {}\n", m.to_text());
  if (read.probes.empty()) return parse_failed;
  const config::probe_entry& entry = read.probes.front();
  const milliseconds timeout =
      timeout_seconds > 0 ? milliseconds(static_cast<long>(timeout_seconds * 1000)) : entry.timeout;

  boost::asio::io_context context(1);
  http_client http(context);
  const char* rehearsed_pod = std::getenv("PODMEDIC_POD");
  const proc_process_table processes(rehearsed_pod != nullptr ? rehearsed_pod : "");
  containers others(processes, own_container);
  others.look();
  std::string sample;
  probes::surroundings around{
      .http = http, .processes = others, .container = entry.container, .in_container = entry.in_container};
  if (record_seconds > 0) around.on_sample = [&](const std::string& line) { sample = line; };
  const auto made = entry.spec.make(around);
  if (record_seconds > 0) {
    boost::asio::co_spawn(context, record(*made, entry, timeout, record_seconds, others, sample),
                          [](std::exception_ptr error) {
                            if (error) std::rethrow_exception(error);
                          });
    context.run();
    return success;
  }
  std::optional<verdict> found;
  const auto began = std::chrono::steady_clock::now();
  boost::asio::co_spawn(context, made->check(timeout), [&](std::exception_ptr error, verdict v) {
    found = error ? verdict(unknown{{"ProbeFault", "the check ended by an exception"}}) : std::move(v);
  });
  while (!found && context.run_one() > 0) {
  }
  return report(*found, std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began));
}

}  // namespace podmedic::commands
