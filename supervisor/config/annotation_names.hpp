#pragma once
#include <string_view>

/// The annotations that are podmedic's.
namespace podmedic::config::annotation {

inline constexpr std::string_view mode = "podmedic.io/mode";
inline constexpr std::string_view paused_until = "podmedic.io/paused-until";
inline constexpr std::string_view policy = "podmedic.io/policy";
inline constexpr std::string_view preset = "podmedic.io/preset";
inline constexpr std::string_view last_restart = "podmedic.io/last-restart";  ///< written by podmedic, never read here
inline constexpr std::string_view probe_prefix = "probe.podmedic.io/";
inline constexpr std::string_view hook_prefix = "hook.podmedic.io/";
inline constexpr std::string_view domain = "podmedic.io/";

}  // namespace podmedic::config::annotation
