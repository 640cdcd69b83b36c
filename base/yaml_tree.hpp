#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// One YAML document as plain values with their places: no anchors, no tags, nothing implicit.
namespace podmedic::yaml {

/// As the parser counts: lines and bytes of a line, both from 0. shown() turns it into what people count.
struct position {
  int line = 0;
  int column = 0;
};

struct member;
struct node {
  enum class kind { nothing, scalar, list, mapping };
  kind is = kind::nothing;
  position at;
  std::string text;             ///< of a scalar
  bool quoted = false;          ///< the scalar stood in quotes, or in a block: it is text, never a number or a flag
  std::vector<node> items;      ///< of a list
  std::vector<member> members;  ///< of a mapping, in their order, each name once
};
struct member {
  std::string name;
  position name_at;
  node value;
};

struct error {
  std::optional<position> at;  ///< nothing: the whole text is meant
  std::string field;           ///< path, as in "grpc.port"; empty for the whole
  std::string message;
};

inline constexpr std::size_t max_text_bytes = 64 * 1024;
inline constexpr int max_levels = 16;

/// Of one document: those of an annotation's value.
struct limits {
  std::size_t text_bytes = max_text_bytes;
  int levels = max_levels;
};

/// Parses one document whose root is a mapping. Nothing where that cannot be; errors then says why. A duplicate name is
/// an error that leaves the tree usable: its first value stands. Refused as a whole: aliases, anchors, tags, a second
/// document, names that are not text, characters YAML does not allow, and what is larger than the limits.
std::optional<node> parse(std::string_view text, std::vector<error>& errors, limits most = {});

/// Line and column of a position, from 1, the column in characters (UTF-8) and not in bytes.
position shown(std::string_view text, position raw);

/// One line, names sorted; scalars by their text, quoted or not, as one field cannot take both `8001` and `"8001"`.
std::string canonical(const node& value);

}  // namespace podmedic::yaml
