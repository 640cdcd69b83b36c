#include "base/log.hpp"

#include "base/clock.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

namespace podmedic::log {
namespace {

format chosen = format::text;

spdlog::logger& logger() {
  static spdlog::logger only = [] {
    spdlog::logger made("podmedic", std::make_shared<spdlog::sinks::stderr_sink_st>());
    made.set_pattern("%v");  // the line is ours from its first letter: text and JSON share nothing
    return made;
  }();
  return only;
}

spdlog::level::level_enum severity(level at) {
  switch (at) {
    case level::debug: return spdlog::level::debug;
    case level::info: return spdlog::level::info;
    case level::warning: return spdlog::level::warn;
    case level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view name_of(level at) {
  switch (at) {
    case level::debug: return "debug";
    case level::info: return "info";
    case level::warning: return "warn";
    case level::error: return "error";
  }
  return "error";
}

/// Control characters (also DEL and the C1 ones, which terminals obey) as \n, \t or \u00XX: a value cannot start a line
/// of its own, nor paint the reader's terminal.
void append_escaped(std::string& line, std::string_view value) {
  constexpr std::string_view hex = "0123456789abcdef";
  const auto escape = [&](unsigned char c) { line.append("\\u00").append(1, hex[c >> 4]).append(1, hex[c & 15]); };
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto c = static_cast<unsigned char>(value[i]);
    const auto next = i + 1 < value.size() ? static_cast<unsigned char>(value[i + 1]) : 0;
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\t') {
      line += "\\t";
    } else if (c < 0x20 || c == 0x7f) {
      escape(c);
    } else if (c == 0xc2 && next >= 0x80 && next <= 0x9f) {
      escape(static_cast<unsigned char>(next));
      ++i;
    } else {
      line += value[i];
    }
  }
}

void append_value(std::string& line, std::string_view value) {
  if (!value.empty() && value.find_first_of(" \"=\n\t") == std::string_view::npos) return append_escaped(line, value);
  line += '"';
  for (std::size_t from = 0;;) {
    const std::size_t quote = value.find('"', from);
    append_escaped(line, value.substr(from, quote == std::string_view::npos ? quote : quote - from));
    if (quote == std::string_view::npos) break;
    line += "\\\"";
    from = quote + 1;
  }
  line += '"';
}

std::string text_line(level at, std::string_view message, std::initializer_list<field> fields) {
  std::string line = to_rfc3339(wall_now());
  line.append(" ").append(name_of(at)).append(name_of(at).size() < 5 ? "  " : " ");
  append_escaped(line, message);
  for (const auto& [name, value] : fields) {
    line.append(" ").append(name).append("=");
    append_value(line, value);
  }
  return line;
}

std::string json_line(level at, std::string_view message, std::initializer_list<field> fields) {
  nlohmann::ordered_json object{{"time", to_rfc3339(wall_now())}, {"level", name_of(at)}, {"message", message}};
  for (const auto& [name, value] : fields) object[std::string(name)] = value;
  // What others say need not be UTF-8; the line still must be JSON.
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

void open(format as, level least) {
  chosen = as;
  logger().set_level(severity(least));
}

void write(level at, std::string_view message, std::initializer_list<field> fields) {
  if (!logger().should_log(severity(at))) return;
  const std::string line = chosen == format::json ? json_line(at, message, fields) : text_line(at, message, fields);
  logger().log(severity(at), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace podmedic::log
