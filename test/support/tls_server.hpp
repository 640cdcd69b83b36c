#pragma once
#include "test/support/child_process.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/temporary_directory.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace podmedic::test {

/// nginx, which serves TLS on a port of its own of 127.0.0.1, and loads a certificate when it is told to.
class tls_server {
 public:
  /// `more` stands in its server block; PORT is its port.
  tls_server(const std::string& certificate_file, const std::string& key_file, std::string more = "")
      : port_(free_port()) {
    const std::string directory = directory_.path();
    if (const std::size_t at = more.find("PORT"); at != std::string::npos) more.replace(at, 4, port());
    std::string paths;
    for (const char* each : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
      paths += std::string(each) + "_temp_path " + directory + "/" + each + ";\n";
    }
    const std::string config = directory_.write(
        "nginx.conf", "daemon off;\nmaster_process on;\nworker_processes 1;\nerror_log " + directory +
                          "/error.log;\npid " + directory + "/pid;\nevents {}\nhttp {\naccess_log off;\n" + paths +
                          "server {\nlisten 127.0.0.1:" + port() + " ssl;\nssl_certificate " + certificate_file +
                          ";\nssl_certificate_key " + key_file + ";\n" + more + "\nreturn 204;\n}\n}\n");
    // No log directory of the system's: -e is where errors go before the configuration is read.
    process_ = std::make_unique<child_process>(
        std::vector<std::string>{"/usr/sbin/nginx", "-e", directory + "/error.log", "-p", directory, "-c", config});
    if (!holds_soon([this] { return accepts(); })) throw std::runtime_error("nginx does not listen");
  }

  std::string port() const { return std::to_string(port_); }
  pid_t pid() const { return process_->pid(); }
  /// What `nginx -s reload` does.
  void reload() const { ::kill(process_->pid(), SIGHUP); }
  void stop() { process_->stop(); }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  static std::uint16_t free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(socket);
    return ntohs(address.sin_port);
  }
  bool accepts() const {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port_);
    const int failed = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::close(socket);
    return failed == 0;
  }

  temporary_directory directory_;
  std::uint16_t port_;
  std::unique_ptr<child_process> process_;
};

}  // namespace podmedic::test
