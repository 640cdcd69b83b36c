#include "supervisor/config/not_in_this_version.hpp"

#include <algorithm>
#include <array>

namespace podmedic::config {
namespace {

struct missing_feature {
  std::string_view feature;
  std::string_view message;
};

// A version that brings the code of one deletes its line here and its mark in docs/annotations.md. Probe kinds are not
// listed: one without code has no reader in probes/registry.cpp.
constexpr std::array missing{
    missing_feature{"onFailure: RestartContainer",
                    "RestartContainer is not in this version; use RestartAllContainers, Drain or Observe"},
    missing_feature{"root: Container", "root is not in this version, as no kind of this version reads files"},
    missing_feature{"escalation: Evict", "Evict is not in this version; use Hold"},
    missing_feature{"fallback: SignalAll", "SignalAll is not in this version; use Observe"},
    missing_feature{"fallback: Evict", "Evict is not in this version; use Observe"},
    missing_feature{"fleet", "fleet turns are not in this version; without them podmedic promises no floor of "
                             "available replicas"},
    missing_feature{"success.metrics",
                    "metric bounds are not in this version; recovery means that all probes pass for stableSeconds"},
    missing_feature{"preset", "presets are not in this version; write the probes and hooks out"},
};

}  // namespace

std::string_view message_if_missing(std::string_view feature) {
  const auto named = [&](const missing_feature& each) { return each.feature == feature; };
  const auto at = std::find_if(missing.begin(), missing.end(), named);
  return at == missing.end() ? std::string_view() : at->message;
}

bool refuse_if_missing(fields& in, std::string_view field, std::string_view feature) {
  const std::string_view message = message_if_missing(feature);
  if (message.empty()) return false;
  in.complain(field, message);
  return true;
}

std::string missing_kind_message(std::string_view kind, const std::vector<std::string_view>& usable) {
  std::string all;
  for (const std::string_view each : usable) all += (all.empty() ? "" : ", ") + std::string(each);
  return "probe kind " + std::string(kind) +
         " is part of podmedic's design and not of this version; remove it or use one of " + all;
}

}  // namespace podmedic::config
