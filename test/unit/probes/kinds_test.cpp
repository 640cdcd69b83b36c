#include "base/http_client.hpp"
#include "probes/registry.hpp"
#include "test/support/given_processes.hpp"

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
      const test::given_processes processes;
      EXPECT_NE(made.make({.http = http, .processes = processes}), nullptr) << text;
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
      {"{http: {port: 80, expectStatus: 204, bodyContains: ok, bodyLacks: error, maxLatencySeconds: 1, "
       "maxFirstChunkSeconds: 2, "
       "maxGapSeconds: 0.5, body: x, "
       "httpHeaders: [{name: A, value: b}, {name: Empty}]}}",
       "http GET http://127.0.0.1:80/", true},
      {"{progress: {port: 8000, pending: a, counter: b_total}}", "progress http://127.0.0.1:8000/metrics b_total",
       true},
      {"{progress: {url: \"http://db.shop.svc/m\", pending: [a, b], counter: ['c{d=\"e\"}', f], stalledSeconds: 0.5, "
       "httpHeaders: [{name: A, value: b}]}}",
       "progress http://db.shop.svc:80/m c{d=\"e\"}, f", false},
      {"{heartbeat: {file: /run/app/alive, maxAgeSeconds: 0.5}}", "heartbeat /run/app/alive", true},
      {"{heartbeat: {file: /s.json, counterAfter: n, counter: true}}", "heartbeat /s.json", true},
      {"{tcpSocket: {port: 5432}}", "tcpSocket 127.0.0.1:5432", true},
      {"{tcpSocket: {port: 5432, host: db.shop.svc}}", "tcpSocket db.shop.svc:5432", false},
      {"{tcpSocket: {port: 5432, host: 192.0.2.1}}", "tcpSocket 192.0.2.1:5432", false},
      {"{exec: {command: [/checks/alive, --quick]}}", "exec /checks/alive --quick", true},
      {"{connections: {peerPorts: [5432, 6379], listenPorts: [8001], stalledSeconds: 0.5}}",
       "connections peerPorts 5432,6379 listenPorts 8001", true},
      {"{credential: {file: /certs/tls.crt}}", "credential /certs/tls.crt", true},
      {"{credential: {file: /t, readAtStart: true, maxLoadDelaySeconds: 1, minValiditySeconds: 1}}", "credential /t",
       true},
      {"{credential: {file: /c, keyFile: /k, servedAt: \"localhost:8443\", serverName: a.b}}",
       "credential /c served at localhost:8443", true},
      {"{credential: {file: /c, servedAt: \"[::1]:8443\"}}", "credential /c served at [::1]:8443", true},
      {"{credential: {file: /c, servedAt: \"192.0.2.1:443\"}}", "credential /c served at 192.0.2.1:443", false},
      {"{configChange: {files: [/config/a, /config/b], settleSeconds: 0}}", "configChange /config/a /config/b", true},
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
      {"{progress: {}}", {"progress.port", "progress.pending", "progress.counter"}},
      {"{progress: {port: 1, pending: [], counter: a b}}", {"progress.pending", "progress.counter"}},
      {"{progress: {port: 1, pending: a, counter: [b, 'c{d=~\"e\"}', 'rate(x)']}}",
       {"progress.counter[1]", "progress.counter[2]"}},
      {"{progress: {port: 1, pending: {a: b}, counter: b, stalledSeconds: 0}}",
       {"progress.pending", "progress.stalledSeconds"}},
      {"{heartbeat: {}}", {"heartbeat.file"}},
      {"{heartbeat: {file: alive, maxAgeSeconds: 0}}", {"heartbeat.file", "heartbeat.maxAgeSeconds"}},
      {"{heartbeat: {file: /a, counter: false, counterAfter: x}}", {"heartbeat.counterAfter"}},
      {"{tcpSocket: {port: 70000}}", {"tcpSocket.port"}},
      {"{exec: {}}", {"exec.command"}},
      {"{exec: {command: []}}", {"exec.command"}},
      {"{exec: {command: [\"\"]}}", {"exec.command"}},
      {"{exec: {command: /checks/alive}}", {"exec.command"}},
      {"{connections: {}}", {"connections"}},
      {"{connections: {peerPorts: [0], stalledSeconds: 0}}",
       {"connections.peerPorts[0]", "connections.stalledSeconds"}},
      {"{credential: {}}", {"credential.file"}},
      {"{credential: {file: tls.crt, keyFile: tls.key}}", {"credential.file", "credential.keyFile"}},
      {"{credential: {file: /c, servedAt: proxy.svc:443}}", {"credential.servedAt"}},
      {"{credential: {file: /c, servedAt: \"127.0.0.1:8443/x\"}}", {"credential.servedAt"}},
      {"{credential: {file: /c, servedAt: \"127.0.0.1:443\", readAtStart: true}}", {"credential.readAtStart"}},
      {"{credential: {file: /c, serverName: a.b}}", {"credential.serverName"}},
      {"{configChange: {}}", {"configChange.files"}},
      {"{configChange: {files: []}}", {"configChange.files"}},
      {"{configChange: {files: [/a, b], settleSeconds: -1}}", {"configChange.files[1]", "configChange.settleSeconds"}},
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
