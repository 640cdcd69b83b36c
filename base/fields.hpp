#pragma once
#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace YAML {
class Node;
}

namespace podmedic {

/// A mistake in the configuration, exact enough to mend it without a manual.
struct mistake {
  std::string source;   ///< the annotation, as in "probe.podmedic.io/engine"
  int line = 0;         ///< in the annotation's value, from 1; 0 where the whole value is meant
  int column = 0;       ///< from 1
  std::string field;    ///< path to it, as in "grpc.port"; empty where the whole value is meant
  std::string message;  ///< what is wrong, what was expected, and the nearest valid name

  /// `probe.podmedic.io/engine, line 2, column 8, grpc.port: …`
  std::string to_text() const;
};
using mistakes = std::vector<mistake>;

/// The name in `valid` with the smallest edit distance to `given`, or empty where none is near (more than a third of
/// the letters wrong).
std::string nearest_name(std::string_view given, std::span<const std::string_view> valid);

/// Reads the fields of one YAML mapping, names every mistake in it, and notices the fields that nobody asked for.
///
/// Every reader returns the fallback where the field is absent, and also where it is wrong; then it has added a
/// mistake. So a caller reads all its fields, calls finish(), and asks at the end whether there were mistakes: all of
/// them are found at once.
class fields {
 public:
  /// Parses `text` (YAML 1.2, so JSON too), which must be a mapping. Unparsable text is a mistake with its line and
  /// column; the reader is then empty, and failed() says so. Bounded: 64 KiB of text, 16 levels, no aliases.
  static fields parse(std::string source, std::string_view text, mistakes& found);

  fields(fields&&) noexcept;
  fields& operator=(fields&&) noexcept;
  ~fields();

  bool has(std::string_view name) const;
  /// The names of all fields, in their order.
  std::vector<std::string> names() const;

  std::string text(std::string_view name, std::string fallback);
  /// As text(), and its absence, or an empty value, is a mistake.
  std::string required_text(std::string_view name);
  std::int64_t integer(std::string_view name, std::int64_t fallback, std::int64_t minimum, std::int64_t maximum);
  double number(std::string_view name, double fallback, double minimum, double maximum);
  bool flag(std::string_view name, bool fallback);
  /// A port, 1 to 65535; required.
  std::uint16_t required_port(std::string_view name);
  /// A `…Seconds` field: a decimal number of seconds.
  milliseconds seconds(std::string_view name, milliseconds fallback, milliseconds minimum, milliseconds maximum);
  /// A Kubernetes quantity of bytes: 1048576, 1Mi, 500k, 1e6.
  std::int64_t bytes(std::string_view name, std::int64_t fallback, std::int64_t minimum, std::int64_t maximum);
  /// One of the given words, by its index; a wrong word is answered with the nearest.
  std::size_t word(std::string_view name, std::size_t fallback, std::span<const std::string_view> words);
  std::vector<std::string> texts(std::string_view name);
  std::vector<std::uint16_t> ports(std::string_view name);
  /// A mapping of names to scalars, as HTTP headers.
  std::map<std::string, std::string> text_map(std::string_view name);
  /// A mapping inside; nothing where it is absent or no mapping. The caller calls finish() on it as well.
  std::optional<fields> object(std::string_view name);
  /// The mappings of a list, each a reader of its own; empty where it is absent or no list of mappings.
  std::vector<fields> objects(std::string_view name);

  /// Adds a mistake at a field (or at the mapping itself, where `name` is empty or absent).
  void complain(std::string_view name, std::string message);
  /// Adds a mistake for each field that nobody asked for, with the nearest of those that were asked for.
  void finish();
  /// Whether this reader, or one made from it, has added a mistake.
  bool failed() const;
  /// The mapping as canonical one-line text (sorted names), for digests: equal meaning, equal text.
  std::string canonical() const;

 private:
  struct shared;
  fields(std::shared_ptr<shared> common, const YAML::Node& node, std::string path);
  std::shared_ptr<shared> common_;
  std::unique_ptr<YAML::Node> node_;
  std::string path_;
  std::vector<std::string> asked_;
};

}  // namespace podmedic
