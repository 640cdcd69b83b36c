#pragma once
#include "base/time.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// JSON from the API server, read without trust: every access is type-checked, and nothing throws. For .cpp files of
/// this part only.
namespace podmedic::k8s {

using json = nlohmann::json;

/// Null where the text is not JSON. However deep it nests, the stack is not used up: nlohmann's parser and destructor
/// do not recurse (its copy and dump do: copy and dump nothing that came from the server).
json parse_json(std::string_view text);

/// The member of that name; a null where `object` is no object, or has none.
const json& member(const json& object, std::string_view name);
/// Empty where there is no such text.
std::string text_at(const json& object, std::string_view name);
/// Nothing where there is no such number, or it is no integer of 64 bits.
std::optional<std::int64_t> integer_at(const json& object, std::string_view name);
/// How many of something: 0 where there is no such number, within 0 and 1e9.
int count_at(const json& object, std::string_view name);
/// False where there is no such flag.
bool flag_at(const json& object, std::string_view name);
/// The list's elements; an empty list where there is none.
const json& list_at(const json& object, std::string_view name);

/// As JSON text, of what we made ourselves; what is no UTF-8 is replaced, so that it never throws.
std::string to_text(const json& value);

/// metav1.MicroTime: RFC 3339 with six digits.
std::string to_micro_time(wall_time time);

/// The longest beginning of at most `max_bytes` that does not end within a UTF-8 sequence; where it had to be cut it
/// ends in "…".
std::string cut_utf8(std::string_view text, std::size_t max_bytes);

}  // namespace podmedic::k8s
