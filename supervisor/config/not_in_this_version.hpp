#pragma once
#include "base/fields.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What design has and this version has no code for. It is refused by name, never ignored: who asked for it must not
/// believe that it is there.
namespace podmedic::config {

/// Adds the mistake at `field` where `feature` ("onFailure: RestartContainer") is in the table of what is missing;
/// whether it is.
bool refuse_if_missing(fields& in, std::string_view field, std::string_view feature);
/// The table's message of a feature, or empty where this version has it.
std::string_view message_if_missing(std::string_view feature);
/// The message for a kind of probe without code, with the kinds that have some.
std::string missing_kind_message(std::string_view kind, const std::vector<std::string_view>& usable);

}  // namespace podmedic::config
