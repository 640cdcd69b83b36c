#pragma once
#include "supervisor/config/configuration.hpp"

#include <span>

/// The annotations one by one. Each reader adds its mistakes, and where there are none its part, to the configuration.
namespace podmedic::config {

void read_probe(const std::string& annotation, std::string_view value, std::span<const probes::kind> kinds,
                configuration& into);
void read_hook(const std::string& annotation, std::string_view value, std::span<const hooks::kind> kinds,
               configuration& into);
void read_policy(std::string_view value, configuration& into);
void read_mode(std::string_view value, configuration& into);
void read_paused_until(std::string_view value, configuration& into);

/// The field `metrics` of podmedic.io/policy's `success`. With a mistake in it they are as before: none.
void read_success_metrics(fields& success, configuration& into);
/// The field `preconditions` of podmedic.io/policy. With a mistake in it there is one that never holds.
void read_preconditions(fields& in, configuration& into);
/// Whether a field that nobody knows was most likely meant as that one.
bool is_misspelt(const fields& in, std::string_view name);

/// The canonical line of what is fixed in podmedic.io/policy, where it is given and where it is not.
std::string fixed_policy(const policy::rules& rules);

/// The name after the annotation's slash. Where it is no DNS label (RFC 1123: lower-case letters, digits, '-', at most
/// 63), that is a mistake.
std::string name_in(const std::string& annotation, mistakes& found);
/// RFC 1123, as names of containers are.
bool is_dns_label(std::string_view text);
/// Values written as a block (`|`) end in a line break.
std::string_view trimmed(std::string_view text);

/// parse() with tables of kinds other than podmedic's own.
configuration parse_with(const annotations& given, std::span<const probes::kind> probe_kinds,
                         std::span<const hooks::kind> hook_kinds);

}  // namespace podmedic::config
