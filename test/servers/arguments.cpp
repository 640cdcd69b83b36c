#include "arguments.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>

namespace {

[[noreturn]] void misused(const std::string& what) {
  std::fprintf(stderr, "model-server: %s\n", what.c_str());
  std::exit(2);
}

bool contains(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

arguments::arguments(int count, char** words, std::vector<std::string_view> valued,
                     std::vector<std::string_view> switches) {
  for (int i = 0; i < count; ++i) {
    const std::string word = words[i];
    if (!word.starts_with("--")) {
      words_.push_back(word);
      continue;
    }
    const std::string name = word.substr(2);
    if (contains(switches, name)) {
      values_[name] = "";
    } else if (!contains(valued, name)) {
      misused("unknown option " + word);
    } else if (++i == count) {
      misused(word + " needs a value");
    } else {
      values_[name] = words[i];
    }
  }
}

std::string arguments::text(std::string_view name, std::string fallback) const {
  const auto found = values_.find(name);
  return found == values_.end() ? fallback : found->second;
}

double arguments::number(std::string_view name, double fallback) const {
  const auto found = values_.find(name);
  if (found == values_.end()) {
    return fallback;
  }
  char* end = nullptr;
  const double value = std::strtod(found->second.c_str(), &end);
  if (found->second.empty() || *end != '\0') {
    misused("--" + std::string(name) + ": \"" + found->second + "\" is no number");
  }
  return value;
}

std::string required_content(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    std::fprintf(stderr, "model-server: cannot read %s\n", file.c_str());
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string utc_now() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char text[48];
  std::snprintf(text, sizeof text, "%s.%03dZ", date, static_cast<int>(millis));
  return text;
}

void say(std::string_view line) {
  const std::string whole = utc_now() + " " + std::string(line) + "\n";
  if (::write(STDOUT_FILENO, whole.data(), whole.size()) < 0) {
    return;  // nobody listens any more
  }
}
