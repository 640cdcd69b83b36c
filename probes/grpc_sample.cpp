#include "probes/grpc_sample.hpp"

#include "probes/grpc_message.hpp"
#include "probes/sample_text.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace podmedic::probes::grpc {

namespace {

constexpr std::array<std::pair<http_fault, std::string_view>, 9> fault_names = {{
    {http_fault::could_not_ask, "couldNotAsk"},
    {http_fault::refused, "refused"},
    {http_fault::timed_out, "timedOut"},
    {http_fault::gap, "gap"},
    {http_fault::broken, "broken"},
    {http_fault::untrusted, "untrusted"},
    {http_fault::too_large, "tooLarge"},
    {http_fault::wrong_protocol, "wrongProtocol"},
    {http_fault::told_to_calm_down, "toldToCalmDown"},
}};

std::string_view name_of(http_fault fault) {
  return std::find_if(fault_names.begin(), fault_names.end(), [&](const auto& one) { return one.first == fault; })
      ->second;
}

http_fault fault_of(const std::string& name) {
  const auto* found =
      std::find_if(fault_names.begin(), fault_names.end(), [&](const auto& one) { return one.second == name; });
  if (found == fault_names.end()) throw std::invalid_argument("sample: no fault is named " + name);
  return found->first;
}

/// A body that says no serving status is as bad as an empty one.
std::string_view serving_in(const std::string& body) {
  const auto message = unframed(body);
  const auto* whole = std::get_if<std::string_view>(&message);
  if (whole == nullptr) return "none";
  const auto status = parse_health_response(*whole);
  const auto* said = std::get_if<serving_status>(&status);
  return said == nullptr ? "none" : serving_name(*said);
}

constexpr std::array<const char*, 4> headers = {"content-type", "grpc-status", "grpc-message", "retry-after"};

void add(sample_text& words, const std::string& of, const http_result& seen) {
  if (const auto* failed = std::get_if<http_failure>(&seen)) {
    words.add(of + ".fault", name_of(failed->fault)).add(of + ".why", std::string_view(failed->message));
    words.add(of + ".connected", std::int64_t{failed->connected});
    return;
  }
  const auto& answer = std::get<http_response>(seen);
  words.add(of + ".http", std::int64_t{answer.status})
      .add(of + ".firstByteMs", std::int64_t{answer.first_byte.count()});
  for (const char* name : headers) {
    if (const auto value = answer.header(name)) words.add(of + "." + name, *value);
  }
  if (of != "canary") words.add(of + ".says", serving_in(answer.body));
}

std::optional<http_result> read(const sample_text& words, const std::string& of) {
  if (words.has(of + ".fault")) {
    return http_failure{fault_of(words.text(of + ".fault")), words.text(of + ".why"),
                        words.integer(of + ".connected") != 0};
  }
  if (!words.has(of + ".http")) return std::nullopt;
  http_response answer;
  answer.status = static_cast<int>(words.integer(of + ".http"));
  answer.first_byte = milliseconds(words.integer(of + ".firstByteMs"));
  for (const char* name : headers) {
    if (words.has(of + "." + name)) answer.headers.emplace_back(name, words.text(of + "." + name));
  }
  if (of == "canary") return answer;
  if (const auto said = parse_serving_name(words.text(of + ".says"))) answer.body = framed(health_response(*said));
  return answer;
}

}  // namespace

std::string sample::to_text() const {
  sample_text words;
  words.add("timeoutMs", std::int64_t{timeout.count()});
  if (held) add(words, "held", *held);
  if (fresh) add(words, "fresh", *fresh);
  if (canary) {
    add(words, "canary", *canary);
    words.add("canary.messages", stream.messages).add("canary.enough", std::int64_t{stream.enough});
  }
  return words.to_text();
}

sample sample::parse(std::string_view line) {
  const sample_text words(line);
  sample seen;
  seen.timeout = milliseconds(words.integer("timeoutMs"));
  seen.held = read(words, "held");
  seen.fresh = read(words, "fresh");
  seen.canary = read(words, "canary");
  if (seen.canary) seen.stream = {words.integer("canary.messages"), words.integer("canary.enough") != 0};
  if (!seen.held && !seen.canary) throw std::invalid_argument("sample: neither held nor canary");
  return seen;
}

verdict judge(const sample& seen) {
  verdict found = pass{};
  if (seen.held) {
    const bool both = is_open(*seen.held) && seen.fresh;
    found = both ? judge_both(std::get<http_failure>(*seen.held), *seen.fresh, seen.timeout) : judge_health(*seen.held);
  }
  if (seen.canary && std::holds_alternative<pass>(found)) return judge_canary(*seen.canary, seen.stream);
  return found;
}

}  // namespace podmedic::probes::grpc
