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
  int code = 0;         ///< errno
  std::string message;  ///< errno_text
};

/// The whole file, at most `max_bytes` (a longer one is an error, EFBIG). Works for /proc files, whose size is 0. Does
/// not block on a FIFO or a device.
std::variant<std::string, file_error> read_file(const std::string& path, std::size_t max_bytes);

/// Replaces the file so that a reader, or a crash at any instant, finds the old or the new content, whole: temporary
/// file in the same directory (PATH.tmp; one writer at a time), write, fsync, rename, fsync of the directory
/// (rename(2), fsync(2)). Code 0 means success. On an error the old file is untouched, but for one case: when the fsync
/// of the directory fails, readers find the new content, and a crash of the node may still bring the old one back.
file_error write_durably(const std::string& path, std::string_view content);

}  // namespace podmedic
