#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace podmedic::probes {

/// The shortest text that is read back as the same number.
std::string number_text(double value);

/// What one check saw, as one line of words `name=value`: to be read by people, kept in traces, and judged again.
/// Values hold no white space: strings are written with %XX where they would (RFC 3986, 2.1).
class sample_text {
 public:
  sample_text() = default;
  /// Reads a line back. Throws std::invalid_argument where a word has no `=`, or a name stands twice.
  explicit sample_text(std::string_view line);

  sample_text& add(std::string_view name, std::int64_t value);
  sample_text& add(std::string_view name, double value);
  sample_text& add(std::string_view name, std::string_view value);
  std::string to_text() const;

  bool has(std::string_view name) const { return values_.contains(name); }
  /// These throw std::invalid_argument where the name is missing or its value is none of that type.
  std::int64_t integer(std::string_view name) const;
  double number(std::string_view name) const;
  std::string text(std::string_view name) const;

 private:
  const std::string& raw(std::string_view name) const;
  std::map<std::string, std::string, std::less<>> values_;  // values as they are written
};

}  // namespace podmedic::probes
