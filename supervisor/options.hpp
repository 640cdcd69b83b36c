#pragma once
#include "base/log.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace podmedic {

/// What `podmedic run` is started with. Everything else comes from annotations.
struct run_options {
  std::string podinfo_file = "/etc/podmedic/podinfo/annotations";  ///< the downwardAPI file of the Pod's annotations
  std::string override_directory = "/etc/podmedic/override";       ///< a ConfigMap, or nothing
  std::string limits;  ///< what an administrator lets annotations ask for (config::keep_within)
  std::string state_directory = "/var/lib/podmedic";  ///< an emptyDir of podmedic's own
  std::string address = "0.0.0.0";
  std::uint16_t port = 9484;           ///< of /metrics, /healthz, /readyz, /startupz, /status; 0: any free one
  int restart_exit_code = 88;          ///< the code that the Pod's rule maps to RestartAllContainers
  std::string container = "podmedic";  ///< podmedic's own name in the Pod
  std::string pod_name;                ///< empty: the host name, which Kubernetes sets to it
  log::format log_format = log::format::text;
  log::level log_level = log::level::info;
  /// A rehearsal's Pod (PODMEDIC_POD) and the start of what stands for its sandbox; empty in a Pod.
  std::string rehearsed_pod;
  std::optional<instant> rehearsed_sandbox_started;
  /// Of a rehearsal that has an API server, the directory with token, ca.crt and namespace; empty: it has none.
  std::string rehearsed_account;
};

}  // namespace podmedic
