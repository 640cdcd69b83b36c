#pragma once
#include <string>

namespace podmedic::test {

/// Of an Envoy in front of a server on this machine, with a health check filter on /healthz.
inline std::string envoy_configuration(const std::string& port, const std::string& admin_port,
                                       const std::string& server_port) {
  return R"(
admin: {address: {socket_address: {address: 127.0.0.1, port_value: )" +
         admin_port + R"(}}}
static_resources:
  listeners:
  - address: {socket_address: {address: 0.0.0.0, port_value: )" +
         port + R"(}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: "/"}, route: {cluster: server}}]}]}
          http_filters:
          - name: envoy.filters.http.health_check
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck
              pass_through_mode: false
              headers: [{name: ":path", string_match: {exact: /healthz}}]
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: server
    load_assignment:
      cluster_name: server
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: )" +
         server_port + "}}}}]}]\n";
}

}  // namespace podmedic::test
