#pragma once
#include "base/time.hpp"
#include "supervisor/rehearsal/pod_manifest.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::rehearsal {

/// Where a Pod lives in a rehearsal: a fresh directory of its own (mode 0700, its path short because unix sockets lie
/// in it) with a directory for each volume and one for the containers' logs. It is left there for whoever wants to
/// look.
///
/// Containers are not put into another root: what stands for a path of theirs is written into their command line and
/// environment instead.
class sandbox {
 public:
  /// `directories` are searched for programs after podmedic's own directory and before PATH.
  sandbox(const pod_manifest& pod, std::vector<std::string> directories);
  /// Makes the directories and the downwardAPI files; an error text, or empty.
  std::string make();

  const std::string& directory() const { return directory_; }
  std::string volume_directory(const std::string& volume) const { return directory_ + "/volumes/" + volume; }
  /// PODMEDIC_POD: tells this rehearsal's processes from another's.
  const std::string& id() const { return id_; }
  std::string log_directory() const { return directory_ + "/logs"; }
  std::string log_file(const std::string& container) const { return log_directory() + "/" + container + ".log"; }
  /// Program and arguments, to run on this machine. A program that is not there is looked for by its last name;
  /// podmedic is the program that runs now. The first is empty where it is found nowhere.
  std::vector<std::string> command(const container_manifest& container, const std::vector<std::string>& words) const;
  /// NAME=value, all of it.
  std::vector<std::string> environment(const container_manifest& container) const;
  /// A text of the container, with volume directories for the paths where it mounts them.
  std::string in_place(const container_manifest& container, std::string_view text) const;

 private:
  std::string find_program(const std::string& name) const;

  const pod_manifest& pod_;
  std::vector<std::string> directories_;
  std::string directory_;
  std::string own_program_;
  std::string id_;
  instant started_;  ///< stands for the start of the Pod's pause process
};

/// Whether the container is podmedic itself: its program is named so.
bool is_podmedic(const container_manifest& container);

}  // namespace podmedic::rehearsal
