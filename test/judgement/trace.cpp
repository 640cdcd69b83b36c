#include "trace.hpp"

#include "base/fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace podmedic::judgement {
namespace {

constexpr std::array<std::string_view, 2> kinds{"failure", "busy"};
constexpr std::array<std::string_view, 3> decisions{"RestartAllContainers", "RestartContainer", "None"};

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw std::runtime_error(file.filename().string() + ": " + why);
}

milliseconds to_time(double seconds) {
  return milliseconds(std::llround(seconds * 1000));
}

/// A sign before the number of a field that reads seconds.
milliseconds read_time(fields& from, std::string_view name, double fallback) {
  return to_time(from.number(name, fallback, -1e6, 1e6));
}

expectation read_expectation(fields& from) {
  expectation all;
  all.decision = decisions[from.word("decision", 2, decisions)];
  all.scope = from.text("scope", all.decision == "RestartAllContainers" ? "Pod" : "");
  all.diagnosis = from.text("diagnosis", "");
  all.bound = read_time(from, "bound_s", 0);
  if (from.text("because", "").empty()) from.complain("because", "say what the bound follows from");
  from.finish();
  return all;
}

config::configuration read_annotations(const std::filesystem::path& file, fields& from) {
  config::annotations given = from.text_map("annotations");
  given.try_emplace("podmedic.io/mode", "Enforce");
  config::configuration parsed = config::parse(given);
  for (const mistake& m : parsed.found) refuse(file, m.to_text());
  if (parsed.probes.empty()) refuse(file, "no probe in annotations");
  return parsed;
}

observation read_observation(const std::string& line) {
  std::istringstream words(line);
  double seconds = 0;
  observation one;
  if (!(words >> seconds >> one.of)) throw std::runtime_error("expected SECONDS NAME WHAT, not: " + line);
  one.at = to_time(seconds);
  std::getline(words >> std::ws, one.what);
  return one;
}

}  // namespace

trace read_trace(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) refuse(file, "cannot be read");
  std::string header;
  std::string line;
  while (std::getline(stream, line) && line != "---") header += line + "\n";

  trace all;
  all.name = file.stem().string();
  mistakes found;
  fields from = fields::parse(file.filename().string(), header, found);
  all.failure = from.word("kind", 0, kinds) == 0;
  all.source = from.required_text("source");
  all.title = from.required_text("title");
  all.story = from.required_text("story");
  all.recorded = from.text("recorded", "");
  all.started = read_time(from, "started_s", -7200);
  all.fault = read_time(from, "fault_s", 0);
  all.with = read_annotations(file, from);
  if (auto expected = from.object("expect")) all.expected = read_expectation(*expected);
  from.finish();
  for (const mistake& m : found) refuse(file, m.to_text());

  while (std::getline(stream, line)) {
    if (line.empty() || line.starts_with('#')) continue;
    observation one = read_observation(line);
    if (!all.seen.empty() && one.at < all.seen.back().at) refuse(file, "goes back in time: " + line);
    all.seen.push_back(std::move(one));
  }
  if (all.seen.empty()) refuse(file, "nothing was observed");
  all.end = all.seen.back().at;
  return all;
}

}  // namespace podmedic::judgement
