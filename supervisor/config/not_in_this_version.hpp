#pragma once
#include <string>
#include <string_view>
#include <vector>

/// What design has and this version has no code for. It is refused by name, never ignored: who asked for it must not
/// believe that it is there.
namespace podmedic::config {

/// The message for a kind of probe without code (no reader in probes/registry.cpp), with the kinds that have some.
std::string missing_kind_message(std::string_view kind, const std::vector<std::string_view>& usable);

}  // namespace podmedic::config
