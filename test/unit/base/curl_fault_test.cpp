#include "base/curl_fault.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace podmedic {
namespace {

const progress_made resolving{};
const progress_made resolved{.name_resolved = true};
const progress_made connected{.name_resolved = true, .connected = true};
const progress_made reused{.name_resolved = true, .connected = true, .reused = true};
const progress_made after_handshake{.name_resolved = true, .connected = true, .tls_dialled = true};
progress_made connect_failed(int error) {
  return {.name_resolved = true, .error = error};
}

TEST(a_failure_of_libcurl, is_told_by_what_it_means_for_the_target) {
  using enum http_fault;
  const struct {
    const char* what;
    CURLcode code;
    progress_made progress;
    const char* explanation;
    http_fault fault;
  } rows[] = {
      {"nobody listens", CURLE_COULDNT_CONNECT, connect_failed(ECONNREFUSED), "", refused},
      {"no local port", CURLE_COULDNT_CONNECT, connect_failed(EADDRNOTAVAIL), "", could_not_ask},
      {"no descriptor", CURLE_COULDNT_CONNECT, connect_failed(EMFILE), "", could_not_ask},
      {"no route", CURLE_COULDNT_CONNECT, connect_failed(EHOSTUNREACH), "", could_not_ask},
      {"nobody knows why", CURLE_COULDNT_CONNECT, connect_failed(0), "", could_not_ask},
      {"reset while dialling", CURLE_COULDNT_CONNECT, connect_failed(ECONNRESET), "", broken},
      {"no such name", CURLE_COULDNT_RESOLVE_HOST, resolving, "", could_not_ask},
      {"name servers are silent", CURLE_OPERATION_TIMEDOUT, resolving, "", could_not_ask},
      {"the target is silent", CURLE_OPERATION_TIMEDOUT, resolved, "", timed_out},
      {"a wrong URL", CURLE_URL_MALFORMAT, resolving, "", could_not_ask},
      {"a wrong scheme", CURLE_UNSUPPORTED_PROTOCOL, resolving, "", could_not_ask},
      {"no HTTP at all", CURLE_UNSUPPORTED_PROTOCOL, connected, "Received HTTP/0.9 when not allowed", wrong_protocol},
      {"no HTTP/2", CURLE_HTTP2, connected,
       "Remote peer returned unexpected data while we expected SETTINGS frame.  Perhaps, peer does not support HTTP/2 "
       "properly.",
       wrong_protocol},
      {"no TLS", CURLE_SSL_CONNECT_ERROR, connected,
       "TLS connect error: error:0A00010B:SSL routines::wrong version number", wrong_protocol},
      {"no CA file", CURLE_SSL_CACERT_BADFILE, connected, "", could_not_ask},
      {"no client certificate file", CURLE_SSL_CERTPROBLEM, connected, "", could_not_ask},
      {"an unknown authority", CURLE_PEER_FAILED_VERIFICATION, connected, "", untrusted},
      {"handshake refused", CURLE_SSL_CONNECT_ERROR, connected, "alert handshake failure", untrusted},
      {"hung up in the handshake", CURLE_SSL_CONNECT_ERROR, connected, "SSL_connect: SSL_ERROR_SYSCALL", broken},
      {"wants a client certificate (TLS 1.3)", CURLE_RECV_ERROR, after_handshake,
       "OpenSSL SSL_read: tlsv13 alert certificate required", untrusted},
      {"the same, and its alert got lost", CURLE_SEND_ERROR, after_handshake, "Send failure: Broken pipe", untrusted},
      {"the same, and the end came before the alert", CURLE_RECV_ERROR, after_handshake,
       "OpenSSL SSL_read: error:0A000126:SSL routines::unexpected eof while reading, errno 0", untrusted},
      {"the end, without TLS of its own", CURLE_RECV_ERROR, reused, "unexpected eof while reading", broken},
      {"reset in the middle", CURLE_RECV_ERROR, connected, "Recv failure: Connection reset by peer", broken},
      {"an empty answer", CURLE_GOT_NOTHING, connected, "", broken},
      {"half an answer", CURLE_PARTIAL_FILE, connected, "", broken},
      {"a bad HTTP/2 frame", CURLE_HTTP2, connected, "", broken},
      {"endless headers", CURLE_TOO_LARGE, connected, "", too_large},
      {"out of memory", CURLE_OUT_OF_MEMORY, connected, "", could_not_ask},
  };
  for (const auto& row : rows) EXPECT_EQ(fault_of(row.code, row.progress, row.explanation), row.fault) << row.what;
}

TEST(a_held_connection, is_found_dead_only_where_it_was_held) {
  for (const CURLcode code : {CURLE_HTTP2, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2_STREAM}) {
    EXPECT_TRUE(is_stale(code, reused)) << code;
    EXPECT_FALSE(is_stale(code, connected)) << code;
  }
  EXPECT_FALSE(is_stale(CURLE_OPERATION_TIMEDOUT, reused));  // silence is no proof of death
}

TEST(an_explanation, is_one_line_and_never_empty) {
  EXPECT_EQ(explain(CURLE_COULDNT_CONNECT, connect_failed(ECONNREFUSED), "x"), "connection refused");
  EXPECT_EQ(explain(CURLE_RECV_ERROR, connected, "Recv failure:\nreset"), "Recv failure: reset");
  EXPECT_EQ(explain(CURLE_GOT_NOTHING, connected, ""), curl_easy_strerror(CURLE_GOT_NOTHING));
}

}  // namespace
}  // namespace podmedic
