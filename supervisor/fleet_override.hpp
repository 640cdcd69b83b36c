#pragma once
#include "base/fields.hpp"
#include "supervisor/config/configuration.hpp"

#include <string>

namespace podmedic {

/// The fleet's kill switch: an optional ConfigMap volume with the files `mode`, `policy` and `paused-until`, whose
/// values take the places of the annotations podmedic.io/… of all Pods that mount it, without a rollout. What it says
/// is a live edit: it never widens what the Pod began with.
class fleet_override {
 public:
  explicit fleet_override(std::string directory) : directory_(std::move(directory)) {}

  /// Whether such a volume is mounted, with or without a ConfigMap.
  bool mounted() const;
  /// One of its files, for a file_watch: the kubelet swaps them all at once.
  std::string file() const { return directory_ + "/mode"; }
  /// Reads it. A file that is there and cannot be read keeps what it said last, and is a mistake.
  void read(mistakes& found);
  /// The Pod's annotations with what it says.
  config::annotations over(config::annotations of_pod) const;
  /// Whether it speaks for that annotation.
  bool has(const std::string& annotation) const { return values_.contains(annotation); }

 private:
  std::string directory_;
  config::annotations values_;
};

}  // namespace podmedic
