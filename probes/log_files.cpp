#include "probes/log_files.hpp"

#include "probes/probe_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

namespace podmedic::probes {
namespace {

constexpr std::size_t max_files = 256;
constexpr std::size_t max_names = 16'384;

void add(const struct stat& found, std::vector<log_file>& into) {
  if (!S_ISREG(found.st_mode)) return;
  const log_file file{found.st_dev, found.st_ino, found.st_size};
  const auto same = [&](const log_file& other) { return other.device == file.device && other.inode == file.inode; };
  if (std::none_of(into.begin(), into.end(), same)) into.push_back(file);
}

/// Nothing where it was added, or is not there.
std::optional<diagnosis> add_path(const surroundings& around, const std::string& path, std::vector<log_file>& into) {
  auto opened = open_probe_file(around, path, O_PATH);
  if (auto* why = std::get_if<diagnosis>(&opened)) {
    if (why->reason == "FileMissing") return std::nullopt;
    return std::move(*why);
  }
  struct stat found{};
  if (::fstat(std::get<unique_fd>(opened).get(), &found) == 0) add(found, into);
  return std::nullopt;
}

using directory_stream = std::unique_ptr<DIR, int (*)(DIR*)>;

std::variant<directory_stream, diagnosis> open_directory(const surroundings& around, const std::string& path) {
  auto opened = open_probe_file(around, path, O_DIRECTORY);
  if (auto* why = std::get_if<diagnosis>(&opened)) return std::move(*why);
  return directory_stream(::fdopendir(std::get<unique_fd>(opened).release()), &::closedir);
}

std::variant<std::vector<log_file>, diagnosis> find_by_pattern(const surroundings& around, const std::string& directory,
                                                               const std::string& pattern) {
  std::vector<log_file> found;
  auto opened = open_directory(around, directory);
  if (auto* why = std::get_if<diagnosis>(&opened)) {
    if (why->reason == "FileMissing") return found;
    return std::move(*why);
  }
  DIR* stream = std::get<directory_stream>(opened).get();
  std::size_t names = 0;
  while (const dirent* entry = stream == nullptr ? nullptr : ::readdir(stream)) {
    if (++names > max_names || found.size() > max_files) {
      return diagnosis{"TooManyFiles", directory + "/" + pattern + ": more than " + std::to_string(max_files) +
                                           " files, or " + std::to_string(max_names) + " names in the directory"};
    }
    if (::fnmatch(pattern.c_str(), entry->d_name, FNM_PERIOD) != 0) continue;
    struct stat one{};
    if (::fstatat(::dirfd(stream), entry->d_name, &one, AT_SYMLINK_NOFOLLOW) != 0) continue;  // removed meanwhile
    if (!S_ISLNK(one.st_mode)) {
      add(one, found);
    } else if (auto why = add_path(around, directory + "/" + entry->d_name, found)) {
      return std::move(*why);
    }
  }
  return found;
}

}  // namespace

std::variant<std::vector<log_file>, diagnosis> find_log_files(const surroundings& around, const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string name = path.substr(slash + 1);
  if (name.find_first_of("*?[") != std::string::npos) return find_by_pattern(around, path.substr(0, slash), name);
  std::vector<log_file> found;
  if (auto why = add_path(around, path, found)) return std::move(*why);
  return found;
}

}  // namespace podmedic::probes
