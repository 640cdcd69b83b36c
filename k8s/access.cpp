#include "k8s/access.hpp"

#include "base/files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace podmedic::k8s {
namespace {

constexpr std::size_t max_token_bytes = 64 * 1024;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

void trim(std::string& text) {
  constexpr std::string_view space = " \t\r\n";
  text.erase(text.find_last_not_of(space) + 1);
  text.erase(0, text.find_first_not_of(space));
}

bool is_there(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

/// A token goes into a header line: anything but visible ASCII could add a header of its own.
bool fits_a_header(std::string_view token) {
  for (const char c : token) {
    if (c <= ' ' || c > '~') return false;
  }
  return !token.empty();
}

}  // namespace

std::variant<access, no_access> find_access(const std::string& own_directory, const std::string& usual_directory) {
  access found{.host = variable("KUBERNETES_SERVICE_HOST")};
  const std::string port = variable("KUBERNETES_SERVICE_PORT");
  if (found.host.empty() || port.empty()) {
    return no_access{"KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set"};
  }
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), found.port);
  if (error != std::errc() || end != port.data() + port.size() || found.port == 0) {
    return no_access{"KUBERNETES_SERVICE_PORT is no port"};
  }
  found.directory = is_there(own_directory + "/token") ? own_directory : usual_directory;
  if (!is_there(found.directory + "/token")) {
    return no_access{"there is no token in " + own_directory + " or " + usual_directory};
  }
  auto name_space = read_file(found.directory + "/namespace", 256);
  if (const auto* failed = std::get_if<file_error>(&name_space)) return no_access{failed->message};
  found.name_space = std::move(std::get<std::string>(name_space));
  trim(found.name_space);
  if (found.name_space.empty()) return no_access{found.directory + "/namespace is empty"};
  return found;
}

const std::string& token_file::token() {
  struct stat now{};
  // Follows the links of the kubelet's volume (token -> ..data/token), so a swap of ..data shows as another inode.
  if (::stat(path_.c_str(), &now) != 0) {
    why_ = errno_text("read", path_, errno);
    token_.clear();
    return token_;
  }
  const std::int64_t changed_ns = std::int64_t{now.st_mtim.tv_sec} * 1'000'000'000 + now.st_mtim.tv_nsec;
  if (!token_.empty() && now.st_ino == inode_ && changed_ns == changed_ns_) return token_;

  inode_ = now.st_ino;
  changed_ns_ = changed_ns;
  why_.clear();
  token_.clear();
  auto read = read_file(path_, max_token_bytes);
  if (const auto* failed = std::get_if<file_error>(&read)) {
    why_ = failed->message;
    return token_;
  }
  std::string text = std::move(std::get<std::string>(read));
  trim(text);
  if (fits_a_header(text)) {
    token_ = std::move(text);
  } else {
    why_ = "read " + path_ + ": that is no token";
  }
  return token_;
}

}  // namespace podmedic::k8s
