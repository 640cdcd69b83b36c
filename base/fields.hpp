#pragma once
#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace podmedic {

namespace yaml {
struct node;
struct position;
}  // namespace yaml

/// A mistake in the configuration, exact enough to mend it without a manual.
struct mistake {
  std::string source;   ///< the annotation, as in "probe.podmedic.io/engine"
  int line = 0;         ///< in the annotation's value, from 1; 0 where the whole value is meant
  int column = 0;       ///< in characters, from 1; 0 as line
  std::string field;    ///< path to it, as in "grpc.port"; empty where the whole value is meant
  std::string message;  ///< what is wrong, what was expected, and the nearest valid name
  /// Nobody knows that field: it may have been meant as any of its neighbours.
  bool unknown_field = false;

  /// `probe.podmedic.io/engine, line 2, column 8, grpc.port: …`
  std::string to_text() const;
};
using mistakes = std::vector<mistake>;

/// Whether the path of a field is `outer`, or leads into it: "drain.inFlight.ports[0]" lies in "drain". All lie in "".
bool lies_in(std::string_view field, std::string_view outer);

/// The name in `valid` with the smallest edit distance to `given`, or empty where none is near (more than a third of
/// the letters wrong). Two swapped letters are one edit; upper and lower case are none.
std::string nearest_name(std::string_view given, std::span<const std::string_view> valid);

/// Reads the fields of one YAML mapping, names every mistake in it, and notices the fields that nobody asked for.
///
/// Every reader returns the fallback where the field is absent, and also where it is wrong; then it has added a
/// mistake. So a caller reads all its fields, calls finish(), and asks at the end whether there were mistakes: all of
/// them are found at once.
///
/// What stands in quotes is text, and a mistake where a number or a flag is expected. A field without a value (`port:`
/// or null) is a mistake. A field that is given twice is a mistake, and its first value is read.
class fields {
 public:
  /// Parses `text` (YAML 1.2, so JSON too), which must be a mapping. Unparsable text is one mistake with its line and
  /// column; the reader is then empty, adds no further mistake, and failed() says so. Bounded: 64 KiB of text, 16
  /// levels, 32 mistakes; no aliases, anchors or tags. `found` must outlive the reader. Never throws for what is in it.
  static fields parse(std::string source, std::string_view text, mistakes& found);

  fields(fields&&) noexcept;
  fields& operator=(fields&&) noexcept;
  ~fields();

  /// Whether the field is there; counts as asking for it.
  bool has(std::string_view name);
  /// The names of all fields, in their order.
  std::vector<std::string> names() const;
  /// The names that were asked for so far, in their order, each once.
  const std::vector<std::string>& asked() const { return asked_; }

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
  /// A list of texts; one wrong item makes it empty, so that items keep their numbers.
  std::vector<std::string> texts(std::string_view name);
  /// One text, or a list of them as texts().
  std::vector<std::string> text_or_texts(std::string_view name);
  /// As texts().
  std::vector<std::uint16_t> ports(std::string_view name);
  /// A mapping of names to scalars, as HTTP headers.
  std::map<std::string, std::string> text_map(std::string_view name);
  /// A mapping inside; nothing where it is absent or no mapping. The caller calls finish() on it as well.
  std::optional<fields> object(std::string_view name);
  /// The mappings of a list, each a reader of its own; empty where it is absent or no list of mappings.
  std::vector<fields> objects(std::string_view name);

  /// Adds a mistake at a field (or at the mapping itself, where `name` is empty or absent).
  void complain(std::string_view name, std::string_view message);
  /// Adds a mistake at an item of a list, from 0.
  void complain(std::string_view name, std::size_t item, std::string_view message);
  /// Adds a mistake for each field that nobody asked for, with the nearest of those that were asked for.
  void finish();
  /// Whether there is a mistake in this mapping or inside of it; always, where the text could not be parsed or has more
  /// mistakes than are listed.
  bool failed() const;
  /// The same of one field.
  bool failed(std::string_view name) const;
  /// The mapping as canonical one-line text (sorted names), for digests: equal meaning, equal text.
  std::string canonical() const;

 private:
  struct document;  // the text, its tree, and where its mistakes go
  fields(std::shared_ptr<document> from, const yaml::node& mapping, std::string path);
  const yaml::node* ask(std::string_view name);
  const yaml::node* ask_scalar(std::string_view name, std::string_view expected, bool quotes_allowed);
  template <class Value, class Read>
  Value ask_value(std::string_view name, Value fallback, std::string_view expected, bool quotes_allowed, Read read);
  std::vector<std::pair<const yaml::node*, std::string>> ask_items(std::string_view name, std::string_view expected);
  std::string path_of(std::string_view name) const;
  void complain_at(yaml::position at, std::string_view path, std::string_view message, bool unknown_field = false);

  std::shared_ptr<document> document_;
  const yaml::node* mapping_;
  std::string path_;
  std::vector<std::string> asked_;
};

}  // namespace podmedic
