#pragma once
#include "supervisor/policy/events.hpp"
#include "supervisor/policy/rules.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace podmedic::policy {

/// The metrics whose bounds belong to the success condition, as they were read last. They are read while it is to be
/// judged whether a restart helped, and not otherwise. What cannot be read keeps no bound: recovery has to be seen.
class success_metrics {
 public:
  void on(const event::success_metrics_read& e, const rules& use);
  /// Reads them where it is time to. `needed`: all probes pass, and a restart's outcome is open.
  void advance(bool needed, const rules& use, std::vector<any_action>& out, instant now);
  /// Whether all kept their bounds when they were read last, a moment ago.
  bool hold(const rules& use, instant now) const;
  /// Why they do not; empty where they do, or have not been read.
  const std::string& why_not() const { return why_not_; }
  /// By name, those that were read.
  const std::map<std::string, double>& values() const { return values_; }
  std::optional<instant> wake_at(bool needed, const rules& use) const;

 private:
  bool asking_ = false;
  std::optional<instant> asked_;
  bool read_ = false;  ///< since they are needed
  std::string why_not_;
  std::map<std::string, double> values_;
};

}  // namespace podmedic::policy
