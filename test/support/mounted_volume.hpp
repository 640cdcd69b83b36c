#pragma once
#include "test/support/temporary_directory.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace podmedic::test {

/// A directory as the kubelet mounts a ConfigMap, a Secret or a projected token: files are links into ..data, a link to
/// a directory with a new name for each version, which is replaced by a rename (k8s.io/kubernetes,
/// pkg/volume/util/atomic_writer.go).
class mounted_volume {
 public:
  explicit mounted_volume(const std::map<std::string, std::string>& files) { update(files); }

  std::string file(const std::string& name) const { return directory_.file(name); }
  std::string path() const { return directory_.path(); }

  void update(const std::map<std::string, std::string>& files) {
    namespace fs = std::filesystem;
    const std::string version = "..2026_01_31_08_30_00." + std::to_string(++versions_);
    for (const auto& [name, content] : files) directory_.write(version + "/" + name, content);
    fs::create_directory_symlink(version, directory_.file("..data_tmp"));
    const std::string old = fs::exists(directory_.file("..data")) ? fs::read_symlink(directory_.file("..data")) : "";
    fs::rename(directory_.file("..data_tmp"), directory_.file("..data"));
    for (const auto& [name, content] : files) {
      if (!fs::is_symlink(directory_.file(name))) fs::create_symlink("..data/" + name, directory_.file(name));
    }
    if (!old.empty()) fs::remove_all(directory_.file(old));
  }

 private:
  temporary_directory directory_;
  int versions_ = 0;
};

}  // namespace podmedic::test
