#include "hooks/kinds.hpp"

#include <gtest/gtest.h>

namespace podmedic::hooks {
namespace {

struct outcome {
  spec made;
  mistakes found;
};

/// Reads a hook as the configuration does: by the one kind that the mapping names.
outcome read(const std::string& text) {
  outcome result;
  fields whole = fields::parse("hook.podmedic.io/test", text, result.found);
  for (const kind& one : kinds()) {
    auto own = whole.object(one.name);
    if (own) result.made = one.read(*own);
  }
  return result;
}

TEST(hooks, a_right_hook_says_what_it_will_do_and_can_be_made) {
  struct row {
    std::string text;
    std::string target;
  };
  const row rows[] = {
      // defaults: POST, 200-299
      {R"(http: {url: "http://127.0.0.1:15000/healthcheck/fail"})",
       "http POST http://127.0.0.1:15000/healthcheck/fail"},
      {R"(http: {url: "https://127.0.0.1/x", method: PUT, httpHeaders: [{name: A, value: b}], body: "{}",
                 expectStatus: 204, tls: {caFile: /ca.crt, serverName: proxy}})",
       "http PUT https://127.0.0.1/x"},
      {R"(http: {url: "http://127.0.0.1/x", expectStatus: "200-399"})", "http POST http://127.0.0.1/x"},
      {R"(exec: {command: [/bin/drain, --now]})", "exec /bin/drain --now"},
      {R"(signal: {container: engine})", "signal TERM to engine"},
      {R"(signal: {container: engine, signal: USR1, processes: All})", "signal USR1 to all of engine"},
      {R"(waitFor: {file: /drained})", "wait for file /drained"},
      // a wait asks, so its method is GET
      {R"(waitFor: {http: {url: "http://127.0.0.1/idle"}, intervalSeconds: 0.1})",
       "wait for http GET http://127.0.0.1/idle"},
      {R"(waitFor: {exec: {command: [/bin/idle]}})", "wait for exec /bin/idle"},
      {R"(waitFor: {noConnections: {ports: [8001, 8002]}})", "wait for no connections to port 8001 8002"},
  };
  for (const row& each : rows) {
    const outcome result = read(each.text);
    EXPECT_TRUE(result.found.empty()) << each.text << ": " << result.found.front().to_text();
    EXPECT_EQ(result.made.target, each.target);
    EXPECT_TRUE(result.made.make) << each.text;
  }
}

TEST(hooks, a_wrong_hook_is_told_by_its_field_and_cannot_be_made) {
  struct row {
    std::string text;
    std::string field;
  };
  const row rows[] = {
      {R"(http: {})", "http.url"},
      {R"(http: {url: "ftp://127.0.0.1/"})", "http.url"},
      {R"(http: {url: "http://user:secret@127.0.0.1/"})", "http.url"},
      {R"(http: {url: "http://127.0.0.1/", method: "GET /x"})", "http.method"},  // a second request line
      {R"(http: {url: "http://127.0.0.1/", httpHeaders: [{name: "a:b", value: c}]})", "http.httpHeaders[0].name"},
      {R"(http: {url: "http://127.0.0.1/", httpHeaders: [{name: a, value: "b\r\nc: d"}]})",
       "http.httpHeaders[0].value"},
      {R"(http: {url: "http://127.0.0.1/", expectStatus: "299-200"})", "http.expectStatus"},
      {R"(http: {url: "http://127.0.0.1/", expectStatus: "20x"})", "http.expectStatus"},
      {R"(http: {url: "http://127.0.0.1/", expectStatus: 600})", "http.expectStatus"},
      {R"(http: {url: "http://127.0.0.1/", expectStatus: "200-"})", "http.expectStatus"},
      {R"(http: {url: "http://127.0.0.1/", tls: {caFile: /ca.crt}})", "http.tls"},  // no TLS here
      {R"(http: {url: "https://127.0.0.1/", tls: {caFile: ca.crt}})", "http.tls.caFile"},
      {R"(http: {url: "https://127.0.0.1/", tls: {certFile: /c}})", "http.tls.certFile"},  // no key
      {R"(http: {url: "http://127.0.0.1/", headers: {a: b}})", "http.headers"},
      {R"(exec: {})", "exec.command"},
      {R"(exec: {command: []})", "exec.command"},
      {R"(exec: {command: ""})", "exec.command"},
      {R"(signal: {})", "signal.container"},
      {R"(signal: {container: engine, signal: STOP})", "signal.signal"},  // none that wedges
      {R"(signal: {container: engine, processes: Some})", "signal.processes"},
      {R"(waitFor: {})", "waitFor"},
      {R"(waitFor: {file: /a, exec: {command: [/b]}})", "waitFor"},
      {R"(waitFor: {file: a})", "waitFor.file"},
      {R"(waitFor: {file: /a, intervalSeconds: 0.05})", "waitFor.intervalSeconds"},
      {R"(waitFor: {noConnections: {}})", "waitFor.noConnections.ports"},
      {R"(waitFor: {noConnections: {ports: [0]}})", "waitFor.noConnections.ports[0]"},
      {R"(waitFor: {http: {url: nowhere}})", "waitFor.http.url"},
  };
  for (const row& each : rows) {
    const outcome result = read(each.text);
    ASSERT_EQ(result.found.size(), 1u) << each.text << (result.found.empty() ? "" : result.found.back().to_text());
    EXPECT_EQ(result.found[0].field, each.field) << result.found[0].to_text();
    EXPECT_FALSE(result.made.make) << each.text;
  }
}

}  // namespace
}  // namespace podmedic::hooks
