#include "base/clock.hpp"
#include "base/http_client.hpp"
#include "base/verdict.hpp"
#include "supervisor/commands/commands.hpp"
#include "supervisor/config/configuration.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
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
               reason == "ConnectionRefused" ? could_not_ask : reason.ends_with("TimedOut") ? timed_out : unhealthy);
  }
  return say("Unknown", std::get<unknown>(found).why, took, could_not_ask);
}

}  // namespace

int probe(const std::string& yaml, double timeout_seconds) {
  const config::configuration read = config::parse({{"probe.podmedic.io/command-line", yaml}});
  for (const mistake& m : read.found) fmt::print(stderr, "podmedic: {}\n", m.to_text());
  if (read.probes.empty()) return parse_failed;
  const config::probe_entry& entry = read.probes.front();
  const milliseconds timeout = timeout_seconds > 0 ? milliseconds(static_cast<long>(timeout_seconds * 1000)) : entry.timeout;

  boost::asio::io_context context(1);
  http_client http(context);
  const auto made = entry.spec.make({http});
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
