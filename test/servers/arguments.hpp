#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// A command line of words and `--name value` or `--name` pairs.
class arguments {
 public:
  /// `switches` are the names that take no value. Exits with 2 and a message where a value is missing or a name is none
  /// of `valued` or `switches`.
  arguments(int count, char** words, std::vector<std::string_view> valued, std::vector<std::string_view> switches);

  const std::vector<std::string>& words() const { return words_; }
  bool has(std::string_view name) const { return values_.contains(name); }
  std::string text(std::string_view name, std::string fallback) const;
  /// Exits with 2 where it is no number.
  double number(std::string_view name, double fallback) const;

 private:
  std::vector<std::string> words_;
  std::map<std::string, std::string, std::less<>> values_;
};

/// Exits with 1 and a message where the file cannot be read.
std::string required_content(const std::string& file);
/// One line on standard output, at once, with the time in front.
void say(std::string_view line);
/// "2026-01-31T08:30:00.250Z"
std::string utc_now();
