#include "supervisor/rehearsal/timeline.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <cstdlib>

namespace podmedic::rehearsal {
namespace {

using nlohmann::ordered_json;
constexpr std::string_view bold = "1";
constexpr std::string_view dim = "2";
constexpr std::string_view red = "31";
constexpr std::string_view green = "1;32";

double seconds(milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}
std::string seconds_text(milliseconds duration) {
  return fmt::format("{:.1f} s", seconds(duration));
}

/// Where messages begin in a line.
constexpr std::size_t message_column = 45;

/// The message, broken at blanks so that it stays right of its column.
std::string wrapped(std::string_view message, std::size_t width) {
  constexpr std::size_t least = 30;
  const std::size_t room = width > message_column ? width - message_column : 0;
  std::string text;
  while (room >= least && message.size() > room) {
    std::size_t end = message.substr(0, room + 1).rfind(' ');
    if (end == std::string_view::npos || end == 0) end = room;
    text.append(message.substr(0, end)).append("\n").append(message_column, ' ');
    message.remove_prefix(message[end] == ' ' ? end + 1 : end);
  }
  return text.append(message);
}

std::string json_line(const ordered_json& object) {
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

timeline::style timeline::style_for(std::FILE* to, bool as_json) {
  if (as_json) return style::json;
  return ::isatty(::fileno(to)) == 1 && std::getenv("NO_COLOR") == nullptr ? style::coloured : style::plain;
}

std::size_t timeline::width_of(std::FILE* to) {
  winsize size{};
  return ::ioctl(::fileno(to), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void timeline::line(const std::string& text) {
  fmt::print(to_, "{}\n", text);
  std::fflush(to_);
}

std::string timeline::painted(std::string_view text, std::string_view code) const {
  return as_ == style::coloured ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
}

std::string timeline::since_fault(instant now) const {
  return fault_ ? "+" + seconds_text(now - *fault_) : std::string();
}

void timeline::start(const std::string& pod, std::size_t containers, const std::string& log_directory) {
  if (as_ == style::json) {
    return line(json_line({{"event", "start"}, {"pod", pod}, {"containers", containers}, {"logs", log_directory}}));
  }
  line(fmt::format("Pod {}: {} containers as local processes under the kubelet's restart semantics; logs in {}", pod,
                   containers, log_directory));
}

void timeline::remark(std::string_view event, std::string_view message) {
  if (as_ == style::json) return line(json_line({{"event", event}, {"message", message}}));
  line(std::string(message));
}

void timeline::fault(std::string_view what, instant now) {
  fault_ = last_phase_ = now;
  if (as_ == style::json) return line(json_line({{"event", "fault"}, {"message", what}}));
  line("\n" + painted(fmt::format("fault: {}", what), bold) + "\n");
}

void timeline::phase(std::string_view reason, std::string_view title, std::string_view message, instant now) {
  const milliseconds took = now - last_phase_;
  last_phase_ = now;
  if (as_ == style::json) {
    return line(json_line({{"event", "phase"},
                           {"reason", reason},
                           {"title", title},
                           {"message", message},
                           {"afterFaultSeconds", seconds(now - fault_.value_or(now))},
                           {"tookSeconds", seconds(took)}}));
  }
  const std::string padded = fmt::format("{:<20}", title);
  line(fmt::format("  {:>8}  {:>9}  {}  {}", since_fault(now), "(" + seconds_text(took) + ")", painted(padded, bold),
                   wrapped(message, width_)));
}

void timeline::event(std::string_view name, std::string_view message, instant now) {
  if (as_ == style::json) {
    ordered_json object{{"event", name}, {"message", message}};
    if (fault_) object["afterFaultSeconds"] = seconds(now - *fault_);
    return line(json_line(object));
  }
  line(painted(fmt::format("  {:>8}  {:>9}  {:<20}  {}", since_fault(now), "", "", wrapped(message, width_)), dim));
}

void timeline::summary(const outcome& end) {
  if (as_ == style::json) {
    ordered_json object{{"event", "summary"},
                        {"good", end.good},
                        {"restartsOfAll", end.restarts_of_all},
                        {"failures", end.failures},
                        {"confirmations", end.confirmations},
                        {"logs", end.log_directory}};
    if (end.until_ready) object["readyAgainSeconds"] = seconds(*end.until_ready);
    return line(json_line(object));
  }
  line("");
  for (const std::string& each : end.confirmations) line("  " + painted("ok", green) + "    " + each);
  for (const std::string& each : end.failures) line("  " + painted("wrong", red) + " " + each);
  if (end.until_ready)
    line("  from the fault to a Pod that is Ready again: " + painted(seconds_text(*end.until_ready), bold));
  line("  logs of the containers: " + end.log_directory);
}

}  // namespace podmedic::rehearsal
