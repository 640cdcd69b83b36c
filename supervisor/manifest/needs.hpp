#pragma once
#include <span>
#include <string>
#include <string_view>

namespace podmedic::manifest {

/// What a probe kind, a hook kind or an action needs of the Pod. "" never, "*" always, else the fields with which it
/// does, with blanks between; `root` is `root: Container`.
struct need {
  std::string_view of;          ///< the kind, or the action
  std::string_view share;       ///< shareProcessNamespace: true
  std::string_view uid;         ///< the container's uid
  std::string_view capability;  ///< that stands for the uid
  std::string_view files;       ///< its fields that are paths in podmedic's own mounts, where `root` is not given
  std::string_view rbac;        ///< rights at the API
  std::string_view besides;     ///< for people
};

/// The one table: docs/requirements.md is checked against it, and `podmedic validate` asks for what it says.
std::span<const need> needs();
/// Null where there is none of that name.
const need* need_of(std::string_view name);
/// needs() as a Markdown table.
std::string needs_table();

}  // namespace podmedic::manifest
