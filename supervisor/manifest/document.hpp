#pragma once
#include "supervisor/manifest/tree.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::manifest {

/// One document of a file. Positions in it are counted from its own beginning.
struct document {
  std::string_view text;     ///< with its `---` line
  int line = 0;              ///< lines of the file before it
  std::optional<node> root;  ///< nothing: it cannot be read; errors says why
  std::vector<yaml::error> errors;
};

/// The documents of a file (YAML, so JSON too), those that hold nothing but comments left out. Bounded: 4 MiB and 64
/// levels each. Anchors, aliases and tags are errors. The file must outlive the result.
std::vector<document> documents_in(std::string_view file);

/// A Pod, or the Pod template of an object.
struct pod_template {
  std::string kind;    ///< of the object that it stands in, as in Deployment
  std::string name;    ///< of that object
  const node* object;  ///< that object
  const node* pod;     ///< with `metadata` and `spec`
};

/// The Pod templates of a document, by their shape: a mapping whose `spec` has a list of containers. So those of kinds
/// that nobody has heard of are found, too, and all of a List.
std::vector<pod_template> pods_in(const node& root);

/// Where a character of a scalar's value stands in the document; lines and columns from 1, columns in characters, as
/// mistakes count them. Nothing where the value is not written as it is: folded, or in quotes over several lines.
std::optional<yaml::position> place_of(std::string_view document, const node& scalar, yaml::position in_value);

}  // namespace podmedic::manifest
