#include "supervisor/manifest/finding.hpp"

namespace podmedic::manifest {

void findings::add(severity is, const node& at, std::string_view check, std::string message, std::string fix) {
  add(is, yaml::shown(in_.text, at.at), check, std::move(message), std::move(fix));
}

void findings::add(severity is, yaml::position at, std::string_view check, std::string message, std::string fix) {
  into_.push_back({is, in_.line + at.line, at.column, std::string(check), std::move(message), std::move(fix)});
}

}  // namespace podmedic::manifest
