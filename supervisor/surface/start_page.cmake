# start_page.html as C++, with the Content-Security-Policy that allows its script and its style by their digests.

# The bytes of `hex` in base64 (RFC 4648).
function(base64_of hex result)
  set(letters ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  set(text "")
  string(LENGTH ${hex} length)
  foreach(at RANGE 0 ${length} 6)
    math(EXPR left "${length} - ${at}")
    if(left LESS_EQUAL 0)
      break()
    endif()
    string(SUBSTRING "${hex}000000" ${at} 6 three_bytes)
    foreach(shift IN ITEMS 18 12 6 0)
      math(EXPR index "(0x${three_bytes} >> ${shift}) & 63")
      string(SUBSTRING ${letters} ${index} 1 letter)
      string(APPEND text ${letter})
    endforeach()
  endforeach()
  if(left EQUAL 2) # one byte of the last three
    string(REGEX REPLACE "..$" "==" text ${text})
  elseif(left EQUAL 4)
    string(REGEX REPLACE ".$" "=" text ${text})
  endif()
  set(${result} ${text} PARENT_SCOPE)
endfunction()

# As the policy names what stands in the page's one element of that name.
function(digest_of element page result)
  string(FIND "${page}" "<${element}>" begin)
  string(FIND "${page}" "</${element}>" end)
  string(LENGTH "<${element}>" tag)
  math(EXPR begin "${begin} + ${tag}")
  math(EXPR length "${end} - ${begin}")
  string(SUBSTRING "${page}" ${begin} ${length} inside)
  string(SHA256 hex "${inside}")
  base64_of(${hex} base64)
  set(${result} "'sha256-${base64}'" PARENT_SCOPE)
endfunction()

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS supervisor/surface/start_page.html)
file(READ supervisor/surface/start_page.html page)
string(REGEX REPLACE "\n +" "\n" page "${page}")
string(REGEX REPLACE "\n//[^\n]*" "" page "${page}")
digest_of(style "${page}" style)
digest_of(script "${page}" script)
file(CONFIGURE OUTPUT embedded_start_page.cpp @ONLY CONTENT [[
#include "supervisor/surface/start_page.hpp"
namespace podmedic::surface {
std::string_view start_page() {
  return R"html(@page@)html";
}
std::string_view content_security_policy() {
  return "default-src 'none'; connect-src 'self'; img-src data:; style-src @style@; script-src @script@; "
         "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}
}  // namespace podmedic::surface
]])
target_sources(podmedic_surface PRIVATE ${CMAKE_BINARY_DIR}/embedded_start_page.cpp)
