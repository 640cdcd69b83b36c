#pragma once
#include "base/http_client.hpp"
#include "probes/registry.hpp"
#include "test/support/run_coroutine.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace podmedic::probes {

using namespace std::chrono_literals;

/// Makes probes from their fields, and asks them.
class a_probe : public testing::Test {
 protected:
  boost::asio::io_context context{1};
  http_client http{context};

  /// From `{grpc: {port: 8001}}` as in an annotation.
  std::unique_ptr<probe> make(const std::string& text) {
    mistakes found;
    fields whole = fields::parse("probe.podmedic.io/test", text, found);
    for (const kind& one : kinds()) {
      auto own = one.read != nullptr ? whole.object(one.name) : std::nullopt;
      if (!own) continue;
      const spec made = one.read(*own);
      if (found.empty()) return made.make(surroundings{http});
    }
    throw std::runtime_error(found.empty() ? "no such kind" : found[0].to_text());
  }

  /// "Pass: note", "Fail Reason: message", "Fail Reason (answered no): message" or "Unknown Reason: message".
  std::string ask(probe& asked, milliseconds timeout = 5s) {
    const verdict found = test::run_coroutine(context, asked.check(timeout));
    if (const auto* passed = std::get_if<pass>(&found)) return "Pass: " + passed->note;
    if (const auto* failed = std::get_if<fail>(&found)) {
      return "Fail " + failed->why.reason + (failed->answered_no ? " (answered no): " : ": ") + failed->why.message;
    }
    const auto& why = std::get<unknown>(found).why;
    return "Unknown " + why.reason + ": " + why.message;
  }
  std::string ask_once(const std::string& text, milliseconds timeout = 5s) {
    const auto made = make(text);
    return ask(*made, timeout);
  }
};

}  // namespace podmedic::probes
