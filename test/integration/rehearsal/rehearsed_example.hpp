#pragma once
#include "base/files.hpp"
#include "test/support/child_process.hpp"
#include "test/support/directories.hpp"
#include "test/support/temporary_directory.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <nlohmann/json.hpp>

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace podmedic::test {

/// A socket that holds a free port of this machine.
class held_port {
 public:
  held_port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_.get(), any, size) != 0 || ::getsockname(socket_.get(), any, &size) != 0)
      throw std::runtime_error("bind");
    number_ = ntohs(address.sin_port);
  }
  void listen() const {
    if (::listen(socket_.get(), 1) != 0) throw std::runtime_error("listen");
  }
  std::string number() const { return std::to_string(number_); }

 private:
  unique_fd socket_;
  int number_ = 0;
};

inline std::string text_of(const std::string& file) {
  auto read = read_file(file, 1024 * 1024);
  if (const auto* error = std::get_if<file_error>(&read)) throw std::runtime_error(error->message);
  return std::get<std::string>(read);
}

inline void replace_all(std::string& text, const std::string& from, const std::string& to) {
  std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("the example has no \"" + from + "\" any more");
  for (; at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
}

/// `podmedic rehearse` of examples/wedged-grpc, on ports of its own.
class rehearsed_example {
 public:
  rehearsed_example() {
    manifest = text_of(test::source_directory() + "/examples/wedged-grpc/pod.yaml");
    const std::array<held_port, 3> ports;
    grpc_port = ports[0].number();
    http_port = ports[1].number();
    replace_all(manifest, "8001", grpc_port);
    replace_all(manifest, "15000", ports[1].number());
    replace_all(manifest, "9484", ports[2].number());
    replace_all(manifest, "command: [/podmedic, run]",
                "command: [/podmedic, run, --port, \"" + ports[2].number() + "\"]");
  }

  /// Starts it; standard output and error go to a file each.
  void start(std::vector<std::string> options) {
    directory.write("pod.yaml", manifest);
    const std::string built = test::binary_directory();
    std::string line = "exec '" + built + "/podmedic' rehearse -f pod.yaml --json --path '" + built + "/test/servers'";
    for (const std::string& option : options) line += " '" + option + "'";
    rehearsal.emplace(
        std::vector<std::string>{"/bin/sh", "-c", "cd '" + directory.path() + "' && " + line + " >out 2>err"},
        std::vector<std::string>{"PATH=/usr/bin:/bin"});
  }
  /// Its exit code when it has ended; 128 + a signal.
  int wait() {
    const int status = rehearsal->wait();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string errors() const { return text_of(directory.file("err")); }
  /// The whole lines that it has printed.
  std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> parsed;
    const auto read = read_file(directory.file("out"), 1024 * 1024);
    const std::string text = std::holds_alternative<std::string>(read) ? std::get<std::string>(read) : "";  // not begun
    for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
      parsed.push_back(nlohmann::json::parse(text.substr(at, end - at)));
    }
    return parsed;
  }
  std::vector<nlohmann::json> lines(const std::string& event) const {
    std::vector<nlohmann::json> chosen;
    for (auto& line : lines()) {
      if (line["event"] == event) chosen.push_back(line);
    }
    return chosen;
  }

  std::string manifest;
  std::string grpc_port;
  std::string http_port;
  temporary_directory directory;
  std::optional<child_process> rehearsal;
};

}  // namespace podmedic::test
