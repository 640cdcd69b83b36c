#include "base/http_client.hpp"
#include "probes/registry.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace podmedic::probes {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct reading {
  std::string target;
  bool local = false;
  std::vector<std::string> mistakes;
};

reading read(const std::string& text) {
  mistakes found;
  fields whole = fields::parse("probe.podmedic.io/test", text, found);
  reading result;
  for (const kind& one : kinds()) {
    auto own = one.read != nullptr ? whole.object(one.name) : std::nullopt;
    if (!own) continue;
    const spec made = one.read(*own);
    result.target = made.target;
    result.local = made.local;
    if (found.empty()) {
      boost::asio::io_context context;
      http_client http(context);
      EXPECT_NE(made.make(surroundings{http}), nullptr) << text;
    }
  }
  for (const mistake& one : found) result.mistakes.push_back(one.field);
  return result;
}

TEST(probe_kinds, are_those_of_the_design_each_with_its_default_for_traffic) {
  std::vector<std::string_view> unready, in_service;
  for (const kind& one : kinds()) (one.while_waiting == traffic::unready ? unready : in_service).push_back(one.name);
  EXPECT_THAT(unready, ElementsAre("grpc", "http", "tcpSocket", "exec", "progress", "heartbeat", "process"));
  EXPECT_THAT(in_service, ElementsAre("memory", "logTail", "credential", "connections", "configChange"));
}

TEST(probe_kinds, read_what_the_reference_shows) {
  const struct {
    const char* text;
    const char* target;
    bool local;
  } rows[] = {
      {"{grpc: {port: 8001}}", "grpc 127.0.0.1:8001 service \"\"", true},
      {"{grpc: {port: 8001, service: a.B, host: \"::1\"}}", "grpc [::1]:8001 service \"a.B\"", true},
      {"{grpc: {port: 1, canary: {method: /a.B/C}}}", "grpc 127.0.0.1:1 service \"\" canary /a.B/C", true},
      {"{grpc: {port: 1, healthCheck: false, canary: {method: /a.B/C, requestBase64: AA==, timeoutSeconds: 0.5}}}",
       "grpc 127.0.0.1:1 canary /a.B/C", true},
      {"{grpc: {port: 1, tls: {caFile: /ca, certFile: /c, keyFile: /k, serverName: x}}}",
       "grpc 127.0.0.1:1 service \"\"", true},
      {"{grpc: {port: 1, tls: {}}}", "grpc 127.0.0.1:1 service \"\"", true},  // the system's authorities
      {"{http: {port: 80}}", "http GET http://127.0.0.1:80/", true},
      {"{http: {port: 80, path: health}}", "http GET http://127.0.0.1:80/health", true},  // as the kubelet
      {"{http: {port: 8443, scheme: HTTPS, path: \"/x?y=1\"}}", "http GET https://127.0.0.1:8443/x?y=1", true},
      {"{http: {url: \"http://127.1:80/\"}}", "http GET http://127.0.0.1:80/", true},
      {"{http: {url: \"http://db.shop.svc/ready\", method: HEAD}}", "http HEAD http://db.shop.svc:80/ready", false},
      {"{http: {port: 80, expectStatus: 204, bodyContains: ok, maxLatencySeconds: 1, maxGapSeconds: 0.5, body: x, "
       "httpHeaders: [{name: A, value: b}, {name: Empty}]}}",
       "http GET http://127.0.0.1:80/", true},
      {"{tcpSocket: {port: 5432}}", "tcpSocket 127.0.0.1:5432", true},
      {"{tcpSocket: {port: 5432, host: db.shop.svc}}", "tcpSocket db.shop.svc:5432", false},
      {"{tcpSocket: {port: 5432, host: 192.0.2.1}}", "tcpSocket 192.0.2.1:5432", false},
      {"{exec: {command: [/checks/alive, --quick]}}", "exec /checks/alive --quick", true},
  };
  for (const auto& row : rows) {
    const reading found = read(row.text);
    EXPECT_THAT(found.mistakes, IsEmpty()) << row.text;
    EXPECT_EQ(found.target, row.target);
    EXPECT_EQ(found.local, row.local) << row.text;
  }
}

TEST(probe_kinds, name_every_mistake) {
  const struct {
    const char* text;
    std::vector<std::string> fields;
  } rows[] = {
      {"{grpc: {}}", {"grpc.port"}},
      {"{grpc: {port: 0, sevice: x}}", {"grpc.port", "grpc.sevice"}},
      {"{grpc: {port: 1, host: \"a b\"}}", {"grpc.host"}},
      {"{grpc: {port: 1, host: \"a/b\"}}", {"grpc.host"}},
      {"{grpc: {port: 1, host: \"user@a\"}}", {"grpc.host"}},
      {"{grpc: {port: 1, healthCheck: false}}", {"grpc.healthCheck"}},
      {"{grpc: {port: 1, canary: {}}}", {"grpc.canary.method"}},
      {"{grpc: {port: 1, canary: {method: a.B/C}}}", {"grpc.canary.method"}},
      {"{grpc: {port: 1, canary: {method: /a, requestBase64: \"?\"}}}",
       {"grpc.canary.method", "grpc.canary.requestBase64"}},
      {"{grpc: {port: 1, tls: {caFile: ca.crt}}}", {"grpc.tls.caFile"}},
      {"{grpc: {port: 1, tls: {certFile: /c}}}", {"grpc.tls.certFile"}},
      {"{http: {}}", {"http.port"}},
      {"{http: {url: \"ftp://a/\"}}", {"http.url"}},
      {"{http: {url: \"http://user:secret@a/\"}}", {"http.url"}},
      {"{http: {url: \"http://a/\", port: 80, path: /x}}", {"http.port", "http.path"}},
      {"{http: {port: 80, path: \"/a b\"}}", {"http.path"}},
      {"{http: {port: 80, scheme: FTP}}", {"http.scheme"}},
      {"{http: {port: 80, expectStatus: 2xx}}", {"http.expectStatus"}},
      {"{http: {port: 80, method: \"G T\"}}", {"http.method"}},
      {"{http: {port: 80, tls: {caFile: /ca}}}", {"http.tls"}},
      {"{http: {port: 80, maxGapSeconds: 0}}", {"http.maxGapSeconds"}},
      {"{tcpSocket: {port: 70000}}", {"tcpSocket.port"}},
      {"{exec: {}}", {"exec.command"}},
      {"{exec: {command: []}}", {"exec.command"}},
      {"{exec: {command: [\"\"]}}", {"exec.command"}},
      {"{exec: {command: /checks/alive}}", {"exec.command"}},
  };
  for (const auto& row : rows) {
    auto found = read(row.text).mistakes;
    auto expected = row.fields;
    std::sort(found.begin(), found.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(found, expected) << row.text;
  }
}

}  // namespace
}  // namespace podmedic::probes
