#pragma once
#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <variant>

namespace podmedic::k8s {

/// Where the API is, and with which right to ask it: the in-cluster configuration of client-go.
struct access {
  std::string host;        ///< KUBERNETES_SERVICE_HOST; an IPv6 literal without brackets
  std::uint16_t port = 0;  ///< KUBERNETES_SERVICE_PORT
  std::string directory;   ///< of token, ca.crt and namespace
  std::string name_space;  ///< the Pod's
};

/// podmedic was given no API access: a state in which it works with fewer features, not an error.
struct no_access {
  std::string why;
};

/// Looks for it in the environment and the first of these directories that has a token: podmedic's own projected
/// volume, then where Kubernetes mounts one.
std::variant<access, no_access> find_access(
    const std::string& own_directory = "/var/run/secrets/podmedic",
    const std::string& usual_directory = "/var/run/secrets/kubernetes.io/serviceaccount");

/// The ServiceAccount's token, read again whenever its file has changed: the kubelet replaces it before it expires.
class token_file {
 public:
  explicit token_file(std::string path) : path_(std::move(path)) {}
  /// The token; empty where there is none that could be sent, and why() says so. Never log it.
  const std::string& token();
  const std::string& why() const { return why_; }

 private:
  std::string path_;
  std::string token_;
  std::string why_;
  std::uint64_t inode_ = 0;  ///< of the file that token_ was read from, with the time of its last change
  std::int64_t changed_ns_ = 0;
};

}  // namespace podmedic::k8s
