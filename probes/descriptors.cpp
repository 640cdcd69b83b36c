#include "probes/descriptors.hpp"

#include "base/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <memory>

namespace podmedic::probes {
namespace {

bool is_refusal(int error) {
  return error == EACCES || error == EPERM;
}

/// The number behind `name:` and white space.
template <class Number>
bool read_line(std::string_view text, std::string_view name, int base, Number& number) {
  std::size_t at = text.starts_with(name) ? 0 : text.find("\n" + std::string(name));
  if (at == std::string_view::npos) return false;
  at = text.find_first_not_of("\t ", text.find(':', at) + 1);
  if (at == std::string_view::npos) return false;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number, base);
  return error == std::errc{} && end != text.data() + at;
}

}  // namespace

std::optional<fd_info> parse_fd_info(std::string_view text) {
  fd_info found;
  if (!read_line(text, "pos:", 10, found.offset) || !read_line(text, "flags:", 8, found.flags)) return std::nullopt;
  return found;
}

std::variant<std::optional<open_descriptor>, int> look_at_descriptor(const std::string& proc_root, pid_t pid,
                                                                     int number) {
  const std::string process = proc_root + "/" + std::to_string(pid);
  const auto text = read_file(process + "/fdinfo/" + std::to_string(number), 64 * 1024);
  if (const auto* failed = std::get_if<file_error>(&text)) {
    if (is_refusal(failed->code)) return failed->code;
    return std::nullopt;
  }
  const auto info = parse_fd_info(std::get<std::string>(text));
  if (!info || (info->flags & (O_ACCMODE | O_PATH)) != O_RDONLY) return std::nullopt;
  struct stat file{};
  if (::stat((process + "/fd/" + std::to_string(number)).c_str(), &file) != 0) {
    if (is_refusal(errno)) return errno;
    return std::nullopt;
  }
  if (!S_ISREG(file.st_mode)) return std::nullopt;
  return open_descriptor{pid, number, file.st_dev, file.st_ino, info->offset, file.st_size};
}

int for_each_open_file(
    const std::string& proc_root, pid_t pid, int limit,
    const std::function<bool(std::uint64_t, std::uint64_t, const std::function<std::string()>&)>& is_wanted,
    const std::function<void(const open_descriptor&)>& found) {
  const std::string path = proc_root + "/" + std::to_string(pid) + "/fd";
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  if (!directory) return is_refusal(errno) ? -errno : 0;
  int count = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    int number = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec != std::errc{}) continue;
    if (++count > limit) break;
    struct stat file{};
    if (::fstatat(::dirfd(directory.get()), entry->d_name, &file, 0) != 0) {
      if (is_refusal(errno)) return -errno;
      continue;  // closed meanwhile
    }
    if (!S_ISREG(file.st_mode)) continue;
    const auto link = [&] {
      std::array<char, PATH_MAX> target{};
      const ssize_t length = ::readlinkat(::dirfd(directory.get()), entry->d_name, target.data(), target.size());
      return std::string(target.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    };
    if (!is_wanted(file.st_dev, file.st_ino, link)) continue;
    const auto looked = look_at_descriptor(proc_root, pid, number);
    if (const int* refused = std::get_if<int>(&looked)) return -*refused;
    if (const auto& one = std::get<std::optional<open_descriptor>>(looked)) found(*one);
  }
  return count;
}

}  // namespace podmedic::probes
