#pragma once
#include "test/support/child_process.hpp"
#include "test/support/directories.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/temporary_directory.hpp"

#include <csignal>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace podmedic::test {

/// test/servers/model-server on loopback, in a process of its own.
class model_server {
 public:
  /// Returns once it listens. `port` 0 takes any that is free.
  explicit model_server(std::vector<std::string> options = {}, const std::string& port = "0") {
    // The shell only redirects the output: the server takes its place, and its process number.
    std::vector<std::string> arguments{"/bin/sh", "-c", R"(exec "$0" "$@" >)" + directory_.file("log"),
                                       test::binary_directory() + "/test/servers/model-server"};
    for (const char* const each : {"--address", "127.0.0.1", "--port", port.c_str()}) arguments.emplace_back(each);
    arguments.insert(arguments.end(), options.begin(), options.end());
    process_ = std::make_unique<child_process>(arguments);
    port_ = number_after("grpc listening on ");
  }

  const std::string& port() const { return port_; }
  std::string http_port() const { return number_after("http listening on "); }
  pid_t pid() const { return process_->pid(); }

  /// All threads have stopped when this returns.
  void stop_by_signal() const {
    signal(SIGSTOP);
    siginfo_t stopped{};
    ::waitid(P_PID, static_cast<id_t>(pid()), &stopped, WSTOPPED | WNOWAIT);
  }
  /// From now on work calls hang, while health answers SERVING.
  void hang_work() const {
    signal(SIGUSR1);
    if (!says("work calls hang")) throw std::runtime_error("the model server did not take SIGUSR1");
  }
  void signal(int number) const { ::kill(pid(), number); }
  /// Ends it by a signal, and returns once it is gone.
  void end(int number) {
    signal(number);
    process_->wait();
  }
  bool says(const std::string& text) const {
    return holds_soon([&] { return log().find(text) != std::string::npos; });
  }

 private:
  std::string log() const {
    std::stringstream content;
    content << std::ifstream(directory_.file("log")).rdbuf();
    return content.str();
  }
  std::string number_after(const std::string& text) const {
    if (!says(text)) throw std::runtime_error("the model server never said: " + text);
    const std::string rest = log().substr(log().find(text) + text.size());
    return rest.substr(0, rest.find('\n'));
  }

  temporary_directory directory_;
  std::unique_ptr<child_process> process_;
  std::string port_;
};

}  // namespace podmedic::test
