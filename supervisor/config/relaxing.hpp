#pragma once
#include "base/clock.hpp"
#include "supervisor/config/words.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::config {

/// In which direction a value may be edited while the Pod lives, measured from its first value.
enum class may { rise, fall, change };

inline std::string text_of(int value) {
  return std::to_string(value);
}
inline std::string text_of(bool value) {
  return value ? "true" : "false";
}
inline std::string text_of(milliseconds value) {
  return podmedic::to_text(value);
}
template <class Enum>
  requires std::is_enum_v<Enum>
std::string text_of(Enum value) {
  return word_of(value);
}
inline std::string text_of(const std::vector<std::uint16_t>& ports) {
  std::string text;
  for (const std::uint16_t port : ports) text += (text.empty() ? "" : ", ") + std::to_string(port);
  return '[' + text + ']';
}

template <class Value>
bool at_least(const Value& value, const Value& first) {
  return value >= first;
}
/// Sorted lists rise by gaining items.
inline bool at_least(const std::vector<std::uint16_t>& value, const std::vector<std::uint16_t>& first) {
  return std::includes(value.begin(), value.end(), first.begin(), first.end());
}

template <class Value>
bool is_admitted(may direction, const Value& value, const Value& first) {
  if (direction == may::rise) return at_least(value, first);
  if (direction == may::fall) return at_least(first, value);
  return true;
}

/// Whether a mistake in that annotation may have been meant for the field: at it, around it or inside of it, or a field
/// that nobody knows beside it.
inline bool is_doubtful(const mistakes& found, std::string_view annotation, std::string_view field) {
  return std::any_of(found.begin(), found.end(), [&](const mistake& each) {
    if (each.source != annotation) return false;
    if (lies_in(field, each.field) || lies_in(each.field, field)) return true;
    const std::size_t dot = each.field.rfind('.');
    return each.unknown_field && lies_in(field, dot == std::string::npos ? "" : each.field.substr(0, dot));
  });
}

/// Takes the fields of one annotation from a live edit, one by one, as far as each may change.
template <class Whole>
class relaxing {
 public:
  relaxing(std::string annotation, const Whole& first, const Whole& current, Whole& edited, const mistakes& found,
           mistakes& refused)
      : annotation_(std::move(annotation)),
        first_(first),
        current_(current),
        edited_(edited),
        found_(found),
        refused_(refused) {}

  /// Leaves the edited value where it is sound and the direction allows it; else puts the current one in its place.
  template <class Member>
  void take(std::string_view field, may direction, Member member) {
    const auto& edited = member(edited_);
    const auto& first = member(first_);
    if (is_admitted(direction, edited, first)) return keep_if_doubtful(field, member);
    std::string why = std::string("may only be ") + (direction == may::rise ? "raised" : "lowered") +
                      " while the Pod lives, from its first value " + text_of(first) + "; " + text_of(edited) +
                      " needs a new Pod";
    keep(field, member, std::move(why));
  }
  /// Puts the current value in the place of the edited one, whatever that is.
  template <class Member>
  void keep(std::string_view field, Member member,
            std::string why = "is fixed while the Pod lives; the change needs a new Pod") {
    const bool changed = member(edited_) != member(current_);
    if (changed && !is_doubtful(found_, annotation_, field)) {
      refused_.push_back({annotation_, 0, 0, std::string(field), std::move(why)});
    }
    member(edited_) = member(current_);
  }

 private:
  template <class Member>
  void keep_if_doubtful(std::string_view field, Member member) {
    if (is_doubtful(found_, annotation_, field)) member(edited_) = member(current_);
  }

  std::string annotation_;
  const Whole& first_;
  const Whole& current_;
  Whole& edited_;
  const mistakes& found_;
  mistakes& refused_;
};

}  // namespace podmedic::config
