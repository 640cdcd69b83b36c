#include "supervisor/rehearsal/sandbox.hpp"

#include "base/clock.hpp"
#include "base/files.hpp"
#include "supervisor/options.hpp"
#include "supervisor/rehearsal/downward_api.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace podmedic::rehearsal {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view own_name = "podmedic";

std::string last_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

bool can_run(const std::string& path) {
  std::error_code ignored;
  return ::access(path.c_str(), X_OK) == 0 && fs::is_regular_file(path, ignored);
}

/// /tmp, unless the user's own choice is as short: a socket's path has at most 107 bytes (unix(7)).
std::string short_temporary_directory() {
  constexpr std::size_t longest = 40;
  std::error_code error;
  const std::string chosen = fs::temp_directory_path(error).string();
  return error || chosen.size() > longest ? "/tmp" : chosen;
}

bool continues_a_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.' || c == '/';
}

/// Replaces `path` where it stands as a whole path or as the beginning of one.
std::string replaced(std::string_view text, std::string_view path, std::string_view by) {
  std::string result;
  for (std::size_t at = 0;;) {
    const std::size_t found = text.find(path, at);
    result += text.substr(at, found == std::string_view::npos ? found : found - at);
    if (found == std::string_view::npos) return result;
    const std::size_t end = found + path.size();
    const bool begins = found == 0 || !continues_a_name(text[found - 1]);
    const bool ends = end == text.size() || text[end] == '/' || !continues_a_name(text[end]);
    result += begins && ends ? by : path;
    at = end;
  }
}

}  // namespace

bool is_podmedic(const container_manifest& container) {
  return !container.command.empty() && last_name(container.command.front()) == own_name;
}

sandbox::sandbox(const pod_manifest& pod, std::vector<std::string> directories)
    : pod_(pod), directories_(std::move(directories)), started_(boot_now()) {
  std::error_code ignored;
  own_program_ = fs::read_symlink("/proc/self/exe", ignored).string();
  directories_.insert(directories_.begin(), fs::path(own_program_).parent_path().string());
}

std::string sandbox::make() {
  std::string name = short_temporary_directory() + "/podmedic-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return errno_text("make a directory like", name, errno);
  directory_ = name;
  id_ = last_name(name);
  std::error_code error;
  fs::create_directory(log_directory(), error);
  for (const volume_manifest& volume : pod_.volumes) {
    fs::create_directories(volume_directory(volume.name), error);
    if (error) return "make " + volume_directory(volume.name) + ": " + error.message();
    if (volume.files.empty()) continue;
    std::string failed = write_downward_volume(volume_directory(volume.name), volume.files);
    if (!failed.empty()) return failed;
  }
  return {};
}

std::string sandbox::in_place(const container_manifest& container, std::string_view text) const {
  std::vector<const volume_mount*> mounts;
  for (const volume_mount& mount : container.mounts) mounts.push_back(&mount);
  std::sort(mounts.begin(), mounts.end(), [](const auto* a, const auto* b) { return a->path.size() > b->path.size(); });
  std::string result(text);
  for (const volume_mount* mount : mounts) {
    const std::string below = mount->sub_path.empty() ? "" : "/" + mount->sub_path;
    result = replaced(result, mount->path, volume_directory(mount->volume) + below);
  }
  return result;
}

std::string sandbox::find_program(const std::string& name) const {
  if (last_name(name) == own_name) return own_program_;
  if (name.find('/') != std::string::npos && can_run(name)) return name;
  std::vector<std::string> places = directories_;
  const char* path = std::getenv("PATH");
  for (std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    places.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (const std::string& place : places) {
    const std::string candidate = place + "/" + last_name(name);
    if (can_run(candidate)) return fs::absolute(candidate).string();
  }
  return {};
}

std::vector<std::string> sandbox::command(const container_manifest& container,
                                          const std::vector<std::string>& words) const {
  std::vector<std::string> result;
  for (const std::string& word : words) result.push_back(in_place(container, word));
  if (!result.empty()) result.front() = find_program(result.front());
  return result;
}

std::vector<std::string> sandbox::environment(const container_manifest& container) const {
  std::map<std::string, std::string> variables;
  const char* path = std::getenv("PATH");
  variables["PATH"] = path == nullptr ? "/usr/bin:/bin" : path;
  if (is_podmedic(container)) {
    variables["PODMEDIC_STATE_DIR"] = in_place(container, "/var/lib/podmedic");
    variables["PODMEDIC_PODINFO"] = in_place(container, "/etc/podmedic/podinfo/annotations");
    variables["PODMEDIC_ADDRESS"] = "127.0.0.1";
  }
  for (const auto& [name, value] : container.environment) variables[name] = in_place(container, value);
  if (is_podmedic(container)) {
    variables["PODMEDIC_LOG_FORMAT"] = "json";  // the timeline is read from it
    variables["PODMEDIC_SANDBOX_STARTED_MS"] = std::to_string(started_.time_since_epoch().count());
  }
  variables["PODMEDIC_CONTAINER"] = container.name;
  variables["PODMEDIC_POD"] = id_;
  std::vector<std::string> result;
  for (const auto& [name, value] : variables) result.push_back(name + "=" + value);
  return result;
}

}  // namespace podmedic::rehearsal
