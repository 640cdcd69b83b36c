#pragma once
#include <string_view>

namespace podmedic::surface {

/// start_page.html: one file that shows /status to people, and asks for nothing else.
std::string_view start_page();
/// The Content-Security-Policy that allows that file's own script and style, by their digests, and requests to where it
/// came from. Nothing in a probe's answer can become code, nor leave.
std::string_view content_security_policy();

}  // namespace podmedic::surface
