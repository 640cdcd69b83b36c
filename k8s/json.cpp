#include "k8s/json.hpp"

#include "base/clock.hpp"

#include <algorithm>
#include <limits>

namespace podmedic::k8s {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

}  // namespace

json parse_json(std::string_view text) {
  json parsed = json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return nullptr;
  return parsed;  // moved: a copy would recurse
}

const json& member(const json& object, std::string_view name) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

std::string text_at(const json& object, std::string_view name) {
  const json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::optional<std::int64_t> integer_at(const json& object, std::string_view name) {
  const json& value = member(object, name);
  if (!value.is_number_integer()) return std::nullopt;
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > most) return std::nullopt;
  return value.get<std::int64_t>();
}

int count_at(const json& object, std::string_view name) {
  return static_cast<int>(std::clamp<std::int64_t>(integer_at(object, name).value_or(0), 0, 1'000'000'000));
}

bool flag_at(const json& object, std::string_view name) {
  const json& value = member(object, name);
  return value.is_boolean() && value.get<bool>();
}

const json& list_at(const json& object, std::string_view name) {
  static const json empty = json::array();
  const json& value = member(object, name);
  return value.is_array() ? value : empty;
}

std::string to_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_micro_time(wall_time time) {
  std::string text = to_rfc3339(time);
  text.insert(text.size() - 1, "000");
  return text;
}

std::string cut_utf8(std::string_view text, std::size_t max_bytes) {
  constexpr std::string_view ellipsis = "…";
  if (text.size() <= max_bytes) return std::string(text);
  if (max_bytes < ellipsis.size()) return {};
  std::size_t end = max_bytes - ellipsis.size();
  while (end > 0 && is_continuation(text[end])) --end;
  return std::string(text.substr(0, end)).append(ellipsis);
}

}  // namespace podmedic::k8s
