#include "base/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace podmedic {
namespace {

file_error failure(std::string_view what, std::string_view on, int error) {
  return {error, errno_text(what, on, error)};
}

/// open(2), again after a signal.
unique_fd open_file(const std::string& path, int flags, mode_t mode = 0) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return unique_fd(fd);
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// The temporary file, whole and on disk.
file_error write_and_sync(const std::string& path, std::string_view content) {
  // One fixed name, so that a crash leaves at most one file behind and the next write takes it over.
  const unique_fd fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
  if (!fd) return failure("open", path, errno);
  if (!write_all(fd.get(), content)) return failure("write", path, errno);
  if (::fsync(fd.get()) != 0) return failure("fsync", path, errno);
  return {};
}

}  // namespace

std::string errno_text(std::string_view what, std::string_view on, int error) {
  std::array<char, 128> buffer{};
  const char* reason = ::strerror_r(error, buffer.data(), buffer.size());  // glibc's variant: the text's address
  std::string text(what);
  if (!on.empty()) text.append(" ").append(on);
  return text.append(": ").append(reason);
}

unique_fd& unique_fd::operator=(unique_fd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

unique_fd::~unique_fd() {
  if (fd_ >= 0) ::close(fd_);
}

int unique_fd::release() {
  return std::exchange(fd_, -1);
}

std::variant<std::string, file_error> read_file(const std::string& path, std::size_t max_bytes) {
  // O_NONBLOCK: a FIFO in the place of the file must not block the loop.
  const unique_fd fd = open_file(path, O_RDONLY | O_NONBLOCK);
  if (!fd) return failure("open", path, errno);
  std::string content;
  std::array<char, 4096> piece;
  while (true) {
    const ssize_t length = ::read(fd.get(), piece.data(), piece.size());
    if (length < 0) {
      if (errno == EINTR) continue;
      return failure("read", path, errno);
    }
    if (length == 0) return content;
    if (content.size() + static_cast<std::size_t>(length) > max_bytes) return failure("read", path, EFBIG);
    content.append(piece.data(), static_cast<std::size_t>(length));
  }
}

file_error write_durably(const std::string& path, std::string_view content) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const std::string temporary = path + ".tmp";

  file_error error = write_and_sync(temporary, content);
  if (error.code == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = failure("rename", path, errno);
  if (error.code != 0) {
    ::unlink(temporary.c_str());  // gives its space back; the error that matters is the first one
    return error;
  }
  const unique_fd fd = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (!fd) return failure("open", directory, errno);
  // EINVAL: this file system has nothing to sync in a directory (fsync(2)).
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return failure("fsync", directory, errno);
  return {};
}

}  // namespace podmedic
