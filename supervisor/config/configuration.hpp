#pragma once
#include "base/fields.hpp"
#include "base/http_client.hpp"
#include "base/status_ranges.hpp"
#include "hooks/registry.hpp"
#include "probes/metric_selector.hpp"
#include "probes/registry.hpp"
#include "supervisor/policy/rules.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// From annotations to typed configuration.
namespace podmedic::config {

/// One `probe.podmedic.io/NAME`. Its decision-making part is in rules::probes, at the same index.
struct probe_entry {
  std::string name;
  std::string kind;
  probes::spec spec;
  std::string container;        ///< as in rules::probes
  bool in_container = false;    ///< root: Container
  milliseconds period{10'000};  ///< Kubernetes' default
  milliseconds timeout{1'000};  ///< of one check
  milliseconds initial_delay{0};
  /// Of RestartContainer: from SIGTERM to SIGKILL; none: rules::closing_grace.
  std::optional<milliseconds> termination_grace = std::nullopt;
};

enum class hook_phase { drain, diagnose, quiesce, recovered, cancelled, startup };
enum class on_hook_error { carry_on, abort };  // Continue | Abort

/// One `hook.podmedic.io/NAME`; hooks of a phase run in the order of their names.
struct hook_entry {
  std::string name;
  hooks::spec spec;
  hook_phase phase = hook_phase::drain;
  milliseconds timeout{5'000};
  on_hook_error on_error = on_hook_error::carry_on;
};

/// drain.inFlight.metric: a gauge of what the server has in flight, as it stands on a page of metrics.
struct in_flight_metric {
  std::string url;
  probes::metric_selector gauge;

  bool operator==(const in_flight_metric& other) const {
    return url == other.url && gauge.to_text() == other.gauge.to_text();
  }
};

/// One of podmedic.io/policy's preconditions: whom to ask, and what for. What its silence means is in
/// rules::preconditions, at the same index.
struct precondition_entry {
  enum class kind { http, no_alert, query };
  kind of = kind::http;
  std::string target;    ///< for people
  http_request request;  ///< its timeout, too
  // Of http alone:
  status_ranges expected;
  std::string body_contains;
};

/// One of success.metrics: a metric, or what of another it is, and its bounds.
struct success_metric {
  http_request request;
  probes::metric_selector metric;
  std::optional<probes::metric_selector> per;
  std::optional<double> at_most;
  std::optional<double> at_least;

  std::string name() const;  ///< as in rules::success.metrics
};

struct configuration {
  policy::rules rules;
  std::vector<probe_entry> probes;  ///< those without mistakes, sorted by name; same order as rules.probes
  std::vector<hook_entry> hooks;    ///< those without mistakes, sorted by name
  std::optional<in_flight_metric> in_flight;
  /// As many as rules.preconditions, or none: there is a mistake in them, and the rules say so.
  std::vector<precondition_entry> preconditions;
  std::vector<success_metric> success_metrics;  ///< as many as rules.success.metrics
  std::string preset;                           ///< podmedic.io/preset, as it was given
  mistakes found;                               ///< of all annotations; each has stopped its own probe or hook alone
  /// What is fixed for the life of the Pod (targets, hooks, remedies, escalation …), one canonical line each, by the
  /// annotation that says it; digested by the caller.
  std::map<std::string, std::string> fixed;
};

using annotations = std::map<std::string, std::string>;

/// rules::paused_until where podmedic.io/paused-until is wrong: paused until someone mends it (9999-12-31T23:59:59Z).
inline constexpr wall_time until_mended{std::chrono::seconds(253'402'300'799)};

/// The downwardAPI file's `key="Go-quoted value"` lines (strconv.Quote). A line that does not parse is a mistake, whose
/// source is the key where that could be read; the others are still read.
annotations parse_annotation_file(std::string_view text, mistakes& found);

/// All of podmedic's annotations, typed and checked, with every mistake. A mistake in podmedic.io/policy leaves the
/// default for that field, but for two where the default would restart against what was meant: windows that cannot be
/// known (a mistake in them, or a policy that does not parse) are never open, and a budget of 0 is a mistake and allows
/// nothing. A mistake in podmedic.io/mode means Observe; one in paused-until means until_mended. What design has and
/// this version has no code for is a mistake too. Annotations of others are ignored; an unknown name of ours
/// (podmedic.io/…, probe.…, hook.…) is a mistake.
configuration parse(const annotations& given);

/// A live edit, taken as far as it does not widen (design.md, "Live edits never widen").
struct admitted {
  configuration use;             ///< what holds from now on
  std::vector<mistake> refused;  ///< what was not taken, and why
};

/// `first` is the configuration of the Pod's first life, `current` the one in use, `edited` the one just read.
/// Thresholds may be relaxed, the mode lowered (from Enforce to Observe, and back to what it was at first), a pause set
/// or lifted, budget lowered, back-off lengthened, a probe removed (and brought back as it was at first); the rest
/// stays as in `current`, and each such change is named. What may change in which direction, always against `first`, is
/// the table in live_edit.cpp.
///
/// An entry or field with a mistake keeps its last good value. Mode and pause are the exception: whoever edits them in
/// a running Pod most likely wants less, so a mistake in them means Observe and paused, as in parse(). For mistakes of
/// parse_annotation_file to count, add them to edited.found before. The result's `fixed` is that of `first`.
admitted admit_live_edit(const configuration& first, const configuration& current, configuration edited);

}  // namespace podmedic::config
