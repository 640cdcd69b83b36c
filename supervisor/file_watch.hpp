#pragma once
#include "base/files.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <string>

namespace podmedic {

/// Waits for a file of a kubelet volume to change. The kubelet replaces such files by swapping the symlink `..data` in
/// their directory, so the directory is watched, by inotify(7); where that does not work, or the directory is not there
/// yet, changed() simply returns every few seconds.
class file_watch {
 public:
  file_watch(const boost::asio::any_io_executor& executor, const std::string& file);
  /// Returns when the file may have changed, at the latest after a minute.
  boost::asio::awaitable<void> changed();

 private:
  void watch();
  std::string directory_;
  boost::asio::posix::stream_descriptor inotify_;
  bool watching_ = false;
};

}  // namespace podmedic
