#pragma once
#include "base/http_client.hpp"

#include <curl/curl.h>

#include <string>
#include <string_view>

namespace podmedic {

/// How far a transfer has come, by libcurl's own account (curl_easy_getinfo(3)).
struct progress_made {
  bool name_resolved = false;
  bool connected = false;    ///< TCP accepted the connection, or a held one was used
  bool reused = false;       ///< a held connection was used
  bool tls_dialled = false;  ///< a TLS handshake of this transfer's own has succeeded
  bool answered = false;     ///< the answer's status has come
  int error = 0;             ///< errno of the last failed connect(2), or 0
};
progress_made progress_of(CURL* easy);

/// Whether a held connection turned out dead: then the same request may be sent once more on a fresh one. libcurl says
/// so in several ways, depending on what it was doing when it noticed.
bool is_stale(CURLcode code, const progress_made& progress);

/// What a failure of libcurl means. Whatever is not known to be the other side's doing is could_not_ask.
http_fault fault_of(CURLcode code, const progress_made& progress, std::string_view explanation);

/// One line for people: libcurl's explanation (its error buffer) or, where that is empty, the code's own text.
std::string explain(CURLcode code, const progress_made& progress, std::string_view explanation);

}  // namespace podmedic
