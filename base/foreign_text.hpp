#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace podmedic {

/// What another program said, made fit for one line of a log, an Event or JSON: blanks at both ends are dropped, line
/// breaks and tabs are spaces, whatever else is not printable ASCII is '?' (it may be no UTF-8), and what is longer
/// than `longest` bytes ends in "...".
std::string foreign_text(std::string_view text, std::size_t longest = 200);

}  // namespace podmedic
