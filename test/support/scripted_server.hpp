#pragma once
#include "test/support/child_process.hpp"
#include "test/support/directories.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/temporary_directory.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace podmedic::test {

/// A certificate authority of the test's own (ca.crt), and a certificate by it for 127.0.0.1 (tls.crt, tls.key).
class test_authority {
 public:
  test_authority() {
    const std::string make_key =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 2>/dev/null ";
    run(make_key + "-subj /CN=authority -keyout ca.key -out ca.crt");
    run(make_key +
        "-subj /CN=server -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:false "
        "-CA ca.crt -CAkey ca.key -keyout tls.key -out tls.crt");
  }
  std::string file(std::string_view name) const { return directory_.file(name); }

 private:
  void run(const std::string& command) const {
    if (std::system(("cd " + directory_.path() + " && " + command).c_str()) != 0) throw std::runtime_error(command);
  }
  temporary_directory directory_;
};

/// test/support/scripted_server.py in a process of its own.
class scripted_server {
 public:
  /// Over TLS where an authority is given.
  explicit scripted_server(const test_authority* authority = nullptr) {
    std::vector<std::string> arguments{
        "/usr/bin/python3", test::source_directory() + "/test/support/scripted_server.py", directory_.path()};
    if (authority != nullptr) {
      arguments.push_back(authority->file("tls.crt"));
      arguments.push_back(authority->file("tls.key"));
    }
    answer({{"status", 200}});
    process_ = std::make_unique<child_process>(arguments, std::vector{"PATH=" + std::string(std::getenv("PATH"))});
    if (!holds_soon([this] { return std::filesystem::exists(directory_.file("port")); })) {
      throw std::runtime_error("the scripted server did not start");
    }
    std::ifstream(directory_.file("port")) >> port_;
  }

  std::string port() const { return std::to_string(port_); }
  /// What it answers from now on; see the script.
  void answer(const nlohmann::json& script) const {
    directory_.write("answer.new", script.dump());
    std::filesystem::rename(directory_.file("answer.new"), directory_.file("answer"));
  }
  /// What it has been asked so far.
  std::vector<nlohmann::json> requests() const {
    std::vector<nlohmann::json> found;
    std::ifstream log(directory_.file("requests"));
    for (std::string line; std::getline(log, line);) found.push_back(nlohmann::json::parse(line));
    return found;
  }

 private:
  temporary_directory directory_;
  std::unique_ptr<child_process> process_;
  int port_ = 0;
};

}  // namespace podmedic::test
