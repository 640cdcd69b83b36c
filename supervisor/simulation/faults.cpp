#include "supervisor/simulation/faults.hpp"

#include "base/scalars.hpp"

#include <array>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

namespace podmedic::simulation {
namespace {

constexpr milliseconds year = std::chrono::hours(24 * 365);

std::variant<milliseconds, std::string> span_of(std::string_view text) {
  struct unit {
    std::string_view name;
    double milliseconds;
  };
  static constexpr std::array<unit, 4> units{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
  for (const unit& u : units) {
    if (!text.ends_with(u.name)) continue;
    const auto number = read_number(text.substr(0, text.size() - u.name.size()));
    const auto* value = std::get_if<double>(&number);
    if (value == nullptr || *value < 0 || *value * u.milliseconds > static_cast<double>(year.count())) break;
    return milliseconds(static_cast<std::int64_t>(*value * u.milliseconds));
  }
  return "expected a time as 90s, 5m, 24h or 20ms, found " + quoted(text);
}

std::variant<double, std::string> share_of(std::string_view text) {
  if (text.ends_with('%')) {
    const auto number = read_number(text.substr(0, text.size() - 1));
    if (const auto* value = std::get_if<double>(&number); value != nullptr && *value >= 0 && *value <= 100)
      return *value / 100;
  }
  return "expected a share from 0% to 100%, found " + quoted(text);
}

/// The fields of one --fault, in turn asked for by their names.
class given_fields {
 public:
  given_fields(std::string_view text, mistakes& found) : found_(found) {
    const std::size_t colon = text.find(':');
    kind_ = text.substr(0, colon);
    for (std::size_t at = colon; at < text.size();) {
      const std::size_t end = std::min(text.find(',', at + 1), text.size());
      const std::string_view one = text.substr(at + 1, end - at - 1);
      const std::size_t equals = one.find('=');
      if (equals == std::string_view::npos) {
        complain(at + 1, "", "expected FIELD=VALUE, found " + quoted(one));
      } else {
        all_.push_back({one.substr(0, equals), one.substr(equals + 1), at + 1});
      }
      at = end;
    }
  }
  std::string_view kind() const { return kind_; }
  void complain(std::size_t at, std::string_view name, std::string message) {
    found_.push_back({"--fault", 1, static_cast<int>(at) + 1, std::string(name), std::move(message)});
  }
  void span(std::string_view name, milliseconds& into) { read(name, into, span_of); }
  void span(std::string_view name, std::optional<milliseconds>& into) { read(name, into, span_of); }
  /// Above `least`.
  void share(std::string_view name, double& into) { read(name, into, share_of); }
  /// Of replicas: of none it would be no fault.
  void share_of_replicas(double& into) {
    share("share", into);
    if (into <= 0) complain(0, "share", "0% of the replicas are none: leave the fault out");
  }
  void finish() {
    for (const field& each : all_) {
      if (each.asked) continue;
      const std::string nearest = nearest_name(each.name, names_);
      std::string known;
      for (const std::string_view name : names_) known += (known.empty() ? "" : ", ") + std::string(name);
      complain(each.at, each.name,
               "unknown field of " + std::string(kind_) + "; " +
                   (nearest.empty() ? "it has " + known : "did you mean " + nearest + "?"));
    }
  }

 private:
  struct field {
    std::string_view name;
    std::string_view value;
    std::size_t at;
    bool asked = false;
  };
  template <class Into, class Read>
  void read(std::string_view name, Into& into, Read read_value) {
    names_.push_back(name);
    bool given = false;
    for (field& each : all_) {
      if (each.name != name) continue;
      if (std::exchange(given, true)) complain(each.at, name, "is given twice");
      each.asked = true;
      auto value = read_value(each.value);
      if (const auto* wrong = std::get_if<std::string>(&value)) {
        complain(each.at + name.size() + 1, name, *wrong);
      } else {
        into = std::get<0>(value);
      }
    }
  }

  mistakes& found_;
  std::string_view kind_;
  std::vector<field> all_;
  std::vector<std::string_view> names_;
};

illness read_illness(given_fields& in, illness::kind what) {
  illness read{.what = what};
  if (what == illness::kind::leak) {
    in.span("every", read.every);
  } else {
    in.span("at", read.at);
  }
  in.span("spread", read.spread);
  in.share_of_replicas(read.share);
  if (what == illness::kind::wedge) in.span("lasts", read.lasts);
  return read;
}

interruption read_interruption(given_fields& in, bool of_some) {
  interruption read;
  in.span("at", read.at);
  in.span("lasts", read.lasts);
  if (of_some) in.share_of_replicas(read.share);
  return read;
}

struct kind {
  std::string_view name;
  void (*read)(given_fields& in, plan& into);
};
constexpr std::array<kind, 8> kinds{{
    {"wedge", [](auto& in, plan& into) { into.illnesses.push_back(read_illness(in, illness::kind::wedge)); }},
    {"poison", [](auto& in, plan& into) { into.illnesses.push_back(read_illness(in, illness::kind::poison)); }},
    {"leak", [](auto& in, plan& into) { into.illnesses.push_back(read_illness(in, illness::kind::leak)); }},
    {"crash", [](auto& in, plan& into) { in.span("every", into.troubled.crash_every.emplace(std::chrono::hours(6))); }},
    {"api",
     [](auto& in, plan& into) {
       in.span("latency", into.troubled.api_latency);
       in.share("failures", into.troubled.api_failures);
       in.share("conflicts", into.troubled.api_conflicts);
     }},
    {"outage", [](auto& in, plan& into) { into.troubled.outages.push_back(read_interruption(in, false)); }},
    {"partition", [](auto& in, plan& into) { into.troubled.partitions.push_back(read_interruption(in, true)); }},
    {"skew",
     [](auto& in, plan& into) {
       into.troubled.skew = std::chrono::hours(1);
       in.span("most", into.troubled.skew);
     }},
}};

}  // namespace

std::optional<milliseconds> read_span(const std::string& source, std::string_view text, mistakes& found) {
  const auto read = span_of(text);
  if (const auto* span = std::get_if<milliseconds>(&read)) return *span;
  found.push_back({source, 0, 0, "", std::get<std::string>(read)});
  return std::nullopt;
}

void read_fault(std::string_view text, plan& into, mistakes& found) {
  given_fields in(text, found);
  std::vector<std::string_view> names;
  for (const kind& each : kinds) {
    if (each.name == in.kind()) {
      each.read(in, into);
      return in.finish();
    }
    names.push_back(each.name);
  }
  const std::string nearest = nearest_name(in.kind(), names);
  std::string known;
  for (const std::string_view name : names) known += (known.empty() ? "" : ", ") + std::string(name);
  in.complain(0, "",
              "unknown fault " + quoted(in.kind()) + "; " +
                  (nearest.empty() ? "expected one of " + known : "did you mean " + nearest + "?"));
}

}  // namespace podmedic::simulation
