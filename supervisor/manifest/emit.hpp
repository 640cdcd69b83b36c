#pragma once
#include "supervisor/manifest/tree.hpp"

#include <string>
#include <string_view>

namespace podmedic::manifest {

enum class notation { yaml, json };

/// A scalar of that text, in quotes where it would be read as something else.
node scalar_of(std::string_view text);
/// A mapping of texts.
node mapping_of(std::initializer_list<std::pair<std::string_view, std::string_view>> members);

/// In one line: {name: a, items: [b]}.
std::string in_line(const node& from, notation as);
/// A member of a mapping on lines of its own, each behind `indentation` blanks; a list of mappings with an item a line,
/// and those of more than four members as block_item().
std::string block_member(std::string_view name, const node& value, int indentation);
/// An item of a list, its dash behind `indentation` blanks; a member of it a line.
std::string block_item(const node& item, int indentation);

}  // namespace podmedic::manifest
