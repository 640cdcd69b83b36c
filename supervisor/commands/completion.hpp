#pragma once
#include <CLI/App.hpp>

#include <string>
#include <vector>

namespace podmedic::commands {

/// What a shell calls at each press of Tab, before the words that stand on the line. Not for people.
inline constexpr const char* complete_command = "__complete";

/// What may stand in the place of the last of `words` (those after the program's name; the last may be empty): a line
/// each, the word, a tab, what it does. Read from the parser itself, so that it knows what the parser knows. Nothing:
/// the place of a file or of free text.
std::string complete(const CLI::App& root, std::vector<std::string> words);

}  // namespace podmedic::commands
