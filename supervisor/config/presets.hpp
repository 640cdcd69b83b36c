#pragma once
#include "supervisor/config/configuration.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Presets: annotations that suit known software. They are data, deploy/presets/NAME.yaml, embedded when podmedic is
/// built.
namespace podmedic::config {

/// A file of deploy/presets without its comments: annotations, in which `$(NAME)` stands for a parameter. Its own
/// podmedic.io/preset names the parameters with their defaults.
struct preset {
  std::string_view name;
  std::string_view text;
};
/// All of them, sorted by name.
std::span<const preset> presets();

/// A preset as a Pod uses it: what it says, its parameters put in.
struct chosen_preset {
  std::string name;
  annotations says;
};

/// Reads podmedic.io/preset: names (`envoy, vllm`), or a mapping of names to parameters (`{vllm: {port: 8001}}`); in
/// that order. One that is not known, or has a mistake in its parameters, is left out, and the others are still read.
std::vector<chosen_preset> read_presets(std::string_view value, mistakes& found);

/// The presets of a Pod are those of its first life: puts that annotation back where it was edited, and says so.
void keep_presets(const configuration& first, annotations& edited, mistakes& refused);

}  // namespace podmedic::config
