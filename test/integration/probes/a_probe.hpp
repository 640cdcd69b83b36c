#pragma once
#include "base/http_client.hpp"
#include "probes/registry.hpp"
#include "test/support/given_processes.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/run_coroutine.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace podmedic::probes {

using namespace std::chrono_literals;

/// Makes probes from their fields, and asks them.
class a_probe : public testing::Test {
 protected:
  boost::asio::io_context context{1};
  http_client http{context};
  test::given_processes processes;
  surroundings around{.http = http, .processes = processes};

  /// From `{grpc: {port: 8001}}` as in an annotation.
  std::unique_ptr<probe> make(const std::string& text) {
    mistakes found;
    fields whole = fields::parse("probe.podmedic.io/test", text, found);
    for (const kind& one : kinds()) {
      auto own = one.read != nullptr ? whole.object(one.name) : std::nullopt;
      if (!own) continue;
      const spec made = one.read(*own);
      if (found.empty()) return made.make(around);
    }
    throw std::runtime_error(found.empty() ? "no such kind" : found[0].to_text());
  }

  /// "Pass: note", "Fail Reason: message", "Fail Reason (answered no): message" or "Unknown Reason: message".
  std::string ask(probe& asked, milliseconds timeout = 20s) {
    const verdict found = test::run_coroutine(context, asked.check(timeout));
    if (const auto* passed = std::get_if<pass>(&found)) return "Pass: " + passed->note;
    if (const auto* failed = std::get_if<fail>(&found)) {
      return "Fail " + failed->why.reason + (failed->answered_no ? " (answered no): " : ": ") + failed->why.message;
    }
    const auto& why = std::get<unknown>(found).why;
    return "Unknown " + why.reason + ": " + why.message;
  }
  std::string ask_once(const std::string& text, milliseconds timeout = 20s) {
    const auto made = make(text);
    return ask(*made, timeout);
  }
  /// Asks each 20 ms until the answer begins so, or no patience is left; the last answer.
  std::string ask_until(probe& asked, const std::string& expected) {
    std::string answer;
    test::holds_soon([&] {
      answer = ask(asked);
      if (answer.starts_with(expected)) return true;
      std::this_thread::sleep_for(20ms);
      return false;
    });
    return answer;
  }
  /// Asks each 20 ms for so long; "Pass", or the first other answer. That the test itself came too late is none.
  std::string ask_for(probe& asked, milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    for (; std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(20ms)) {
      const std::string answer = ask(asked);
      if (!answer.starts_with("Pass") && !answer.starts_with("Unknown LookedTooSeldom")) return answer;
    }
    return "Pass";
  }
};

}  // namespace podmedic::probes
