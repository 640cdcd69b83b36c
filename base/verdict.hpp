#pragma once
#include "base/time.hpp"

#include <optional>
#include <string>
#include <variant>

namespace podmedic {

/// Why: a CamelCase reason for machines and one line for people.
struct diagnosis {
  std::string reason;
  std::string message;

  bool operator==(const diagnosis&) const = default;
};

/// The target works. The note may say how ("SERVING in 3 ms"), or be empty.
struct pass {
  std::string note;
};

/// The target is ill: it answered wrongly, refused the connection, or let the deadline pass.
struct fail {
  diagnosis why;
  /// The target answered promptly, and said no: connection refused, NOT_SERVING, 503. A server that the kubelet has
  /// asked to stop does that too while it finishes its work, so such a failure is given the Pod's grace period before
  /// it counts as confirmed. A target that hangs says nothing, and gets no such grace.
  bool answered_no = false;
};

/// Nothing was learned: podmedic could not ask (name resolution, an unreadable file) or may not ask (a missing right),
/// or there is nobody to ask (the container has no process), or the target is busy. Never counts as a failure.
struct unknown {
  diagnosis why;
  /// A restart of that container would make it worse: it would load half a credential, or an expired one. None that
  /// includes it starts before a check passes or fails.
  bool forbids_restart = false;
  /// The target said that it is busy, not broken (429, RESOURCE_EXHAUSTED): it is asked less often. How long it asked
  /// to be left alone; zero where it did not say.
  std::optional<milliseconds> busy = {};
};

/// What one check found.
using verdict = std::variant<pass, fail, unknown>;

/// One check of one probe, as it ended.
struct check_result {
  verdict found;
  milliseconds duration{0};
};

}  // namespace podmedic
