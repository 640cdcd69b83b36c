#include "supervisor/rehearsal/sidecar_words.hpp"

#include <nlohmann/json.hpp>

namespace podmedic::rehearsal {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

std::optional<told> read_log_line(std::string_view line) {
  const json parsed = json::parse(line, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  told read{text_of(parsed, "reason"), text_of(parsed, "message"), text_of(parsed, "level") == "warn"};
  if (read.reason.empty()) return std::nullopt;
  return read;
}

std::string complaint_in(std::string_view status_json) {
  const json status = json::parse(status_json, nullptr, false);
  if (!status.is_object()) return "podmedic does not answer yet";
  for (const json& probe : status.value("probes", json::array())) {
    if (text_of(probe, "standing") == "Healthy") continue;
    return "probe " + text_of(probe, "name") + " has not passed: " + text_of(probe, "message");
  }
  const std::string phase = text_of(status, "phase");
  return phase == "Watching" ? "" : "podmedic is in phase " + phase;
}

}  // namespace podmedic::rehearsal
