#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace podmedic {

/// "open /state/ledger.json: Permission denied": the one place where errno becomes a message.
std::string errno_text(std::string_view what, std::string_view on, int error);

/// Owns a file descriptor.
class unique_fd {
 public:
  unique_fd() = default;
  explicit unique_fd(int fd) : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
  unique_fd& operator=(unique_fd&& other) noexcept;
  ~unique_fd();
  int get() const { return fd_; }
  int release();
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

struct file_error {
  int code;             ///< errno
  std::string message;  ///< errno_text
};

/// The whole file, at most `max_bytes` (a longer one is an error, EFBIG). Works for /proc files, whose size is 0.
std::variant<std::string, file_error> read_file(const std::string& path, std::size_t max_bytes);

/// Replaces the file so that a reader, or a crash at any instant, finds the old or the new content, whole: temporary
/// file in the same directory, write, fsync, rename, fsync of the directory (rename(2), fsync(2)). On an error the old
/// file is untouched, and code 0 means success.
file_error write_durably(const std::string& path, std::string_view content);

}  // namespace podmedic
