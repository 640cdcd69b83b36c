#include "base/curl_fault.hpp"

#include "base/foreign_text.hpp"

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <system_error>

namespace podmedic {

namespace {

http_fault fault_of_connect(int error) {
  switch (error) {
    case ECONNREFUSED: return http_fault::refused;
    case ECONNRESET:
    case ECONNABORTED: return http_fault::broken;
    case ETIMEDOUT: return http_fault::timed_out;
    default: return http_fault::could_not_ask;  // no local port, no route, no descriptor, no memory, no permission
  }
}

bool has_one_of(std::initializer_list<std::string_view> signs, std::string_view text) {
  return std::any_of(signs.begin(), signs.end(),
                     [&](std::string_view sign) { return text.find(sign) != std::string_view::npos; });
}

/// The handshake ended because the connection did, not because one side rejected the other.
bool ended_in_handshake(std::string_view explanation) {
  return has_one_of({"SSL_ERROR_SYSCALL", "SSL_ERROR_ZERO_RETURN", "unexpected eof", "reset"}, explanation);
}

/// A server that wants another client certificate says so only after the client's handshake is done (RFC 8446, 4.4.2.4)
/// and hangs up: what arrives is its alert, or nothing more than the end.
bool refused_after_handshake(const progress_made& progress, std::string_view explanation) {
  return progress.tls_dialled && !progress.answered &&
         has_one_of({"alert", "Broken pipe", "reset", "unexpected eof"}, explanation);
}

curl_off_t microseconds_until(CURL* easy, CURLINFO milestone) {
  curl_off_t passed = 0;
  curl_easy_getinfo(easy, milestone, &passed);
  return passed;
}

}  // namespace

progress_made progress_of(CURL* easy) {
  long dials = 0;
  long error = 0;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &dials);
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  const bool asked = microseconds_until(easy, CURLINFO_PRETRANSFER_TIME_T) > 0;
  return {.name_resolved = dials > 0 || asked || microseconds_until(easy, CURLINFO_NAMELOOKUP_TIME_T) > 0,
          .connected = dials > 0 || asked,
          .reused = dials == 0 && asked,
          .tls_dialled = dials > 0 && microseconds_until(easy, CURLINFO_APPCONNECT_TIME_T) > 0,
          .answered = status > 0,
          .error = static_cast<int>(error)};
}

bool is_stale(CURLcode code, const progress_made& progress) {
  switch (code) {
    case CURLE_HTTP2:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2_STREAM: return progress.reused;
    default: return false;
  }
}

http_fault fault_of(CURLcode code, const progress_made& progress, std::string_view explanation) {
  switch (code) {
    case CURLE_COULDNT_CONNECT: return fault_of_connect(progress.error);
    case CURLE_OPERATION_TIMEDOUT: return progress.name_resolved ? http_fault::timed_out : http_fault::could_not_ask;
    case CURLE_SSL_CONNECT_ERROR:
      if (has_one_of({"wrong version number", "packet length too long", "http request"}, explanation)) {
        return http_fault::wrong_protocol;  // the other side does not speak TLS
      }
      return ended_in_handshake(explanation) ? http_fault::broken : http_fault::untrusted;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT: return http_fault::untrusted;
    case CURLE_TOO_LARGE: return http_fault::too_large;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return refused_after_handshake(progress, explanation) ? http_fault::untrusted : http_fault::broken;
    case CURLE_HTTP2:  // the first says nghttp2 of a server that answers in HTTP/1
      return has_one_of({"expected SETTINGS frame"}, explanation) ? http_fault::wrong_protocol : http_fault::broken;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2_STREAM: return http_fault::broken;
    // An answer that is not HTTP at all ("Received HTTP/0.9 when not allowed") has the code of a wrong URL scheme.
    case CURLE_UNSUPPORTED_PROTOCOL: return progress.connected ? http_fault::wrong_protocol : http_fault::could_not_ask;
    default: return http_fault::could_not_ask;
  }
}

std::string explain(CURLcode code, const progress_made& progress, std::string_view explanation) {
  if (code == CURLE_COULDNT_CONNECT && progress.error != 0) {
    return progress.error == ECONNREFUSED ? "connection refused" : std::generic_category().message(progress.error);
  }
  return foreign_text(explanation.empty() ? curl_easy_strerror(code) : explanation);
}

}  // namespace podmedic
