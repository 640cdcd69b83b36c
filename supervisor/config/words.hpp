#pragma once
#include "base/fields.hpp"
#include "supervisor/config/configuration.hpp"

#include <array>

/// How the configuration's enumerations are written in annotations, in the order of their values.
namespace podmedic::config {

template <class Enum>
inline constexpr int words = 0;
template <>
inline constexpr std::array<std::string_view, 2> words<policy::mode>{"Observe", "Enforce"};
template <>
inline constexpr std::array<std::string_view, 4> words<policy::remedy>{"Observe", "Drain", "RestartContainer",
                                                                       "RestartAllContainers"};
template <>
inline constexpr std::array<std::string_view, 2> words<policy::waiting>{"Unready", "InService"};
template <>
inline constexpr std::array<std::string_view, 3> words<policy::escalation>{"Hold", "RestartAllContainers", "Evict"};
template <>
inline constexpr std::array<std::string_view, 3> words<policy::fallback>{"Observe", "SignalAll", "Evict"};
template <>
inline constexpr std::array<std::string_view, 2> words<policy::holding>{"InService", "Unready"};
template <>
inline constexpr std::array<std::string_view, 2> words<policy::on_api_unavailable>{"Wait", "Proceed"};
template <>
inline constexpr std::array<std::string_view, 2> words<policy::on_unreachable>{"Wait", "Proceed"};
template <>
inline constexpr std::array<std::string_view, 6> words<hook_phase>{"Drain",     "Diagnose",  "Quiesce",
                                                                   "Recovered", "Cancelled", "Startup"};
template <>
inline constexpr std::array<std::string_view, 2> words<on_hook_error>{"Continue", "Abort"};

template <class Enum>
std::string word_of(Enum value) {
  return std::string(words<Enum>.at(static_cast<std::size_t>(value)));
}

template <class Enum>
Enum read_word(fields& in, std::string_view name, Enum fallback) {
  return static_cast<Enum>(in.word(name, static_cast<std::size_t>(fallback), words<Enum>));
}

}  // namespace podmedic::config
