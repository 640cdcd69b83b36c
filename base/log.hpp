#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace podmedic::log {

enum class format { text, json };
enum class level { debug, info, warning, error };
using field = std::pair<std::string_view, std::string_view>;

/// Chooses the format and the least level, once, at the start. Lines go to standard error, by spdlog, unbuffered.
void open(format as, level least);

/// One line: in text `2026-01-31T08:30:00.250Z warn  message probe=engine`, in JSON one object with time, level,
/// message and the fields. Control characters in values are escaped.
void write(level at, std::string_view message, std::initializer_list<field> fields = {});

inline void debug(std::string_view message, std::initializer_list<field> fields = {}) {
  write(level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<field> fields = {}) {
  write(level::info, message, fields);
}
inline void warning(std::string_view message, std::initializer_list<field> fields = {}) {
  write(level::warning, message, fields);
}
inline void error(std::string_view message, std::initializer_list<field> fields = {}) {
  write(level::error, message, fields);
}

}  // namespace podmedic::log
