#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::probes {

/// Chooses label sets of a metric, as in PromQL: `name`, or `name{label="value", other!="value"}`. A label that is not
/// there counts as an empty one. Of the matchers, = and != are known.
struct metric_selector {
  struct matcher {
    std::string label;
    bool equal = true;  ///< = or !=
    std::string value;
  };
  std::string name;
  std::vector<matcher> matchers;

  /// Nothing where it is no such selector.
  static std::optional<metric_selector> parse(std::string_view text);
  std::string to_text() const;
};

/// The grammar that selectors and the exposition format have in common. Each takes what it reads off `rest`, and leaves
/// blanks and tabs before it aside.
namespace metric_text {
/// The name of a metric (with colons) or of a label; empty where there is none.
std::string_view take_name(std::string_view& rest, bool with_colons);
/// Whether the word came next.
bool take(std::string_view& rest, std::string_view word);
/// A text in double quotes, with \\, \" and \n; false where there is none, or it has no end.
bool take_quoted(std::string_view& rest, std::string& value);
void skip_blanks(std::string_view& rest);
}  // namespace metric_text

}  // namespace podmedic::probes
