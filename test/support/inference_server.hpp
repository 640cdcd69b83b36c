#pragma once
#include "test/support/child_process.hpp"
#include "test/support/directories.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/temporary_directory.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace podmedic::test {

/// test/support/inference_server.py in a process of its own.
class inference_server {
 public:
  inference_server() : inference_server(nlohmann::json::initializer_list_t{}) {}
  /// `inference_server server{{"prefill", 0.5}, {"tokens", 8}};`
  inference_server(nlohmann::json::initializer_list_t orders) : orders_(nlohmann::json::object(orders)) {
    write_orders();
    start();
  }

  std::string port() const { return port_; }
  pid_t pid() const { return process_->pid(); }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + port_ + path; }
  /// What it does from now on; see the script. Returns when the server has read it.
  void order(const nlohmann::json& change) {
    orders_.update(change);
    write_orders();
    const auto obeyed = [this] {
      int number = 0;
      return std::ifstream(directory_.file("obeyed")) >> number && number == orders_["number"];
    };
    if (!holds_soon(obeyed)) throw std::runtime_error("the inference server did not take an order");
  }
  void stop() { process_.reset(); }
  /// Another process on the same port, that has the orders of the old one.
  void start() {
    process_.reset();
    std::filesystem::remove(directory_.file("port"));
    // Debian's own Python has Debian's modules.
    std::vector<std::string> arguments{
        "/usr/bin/python3", test::source_directory() + "/test/support/inference_server.py", directory_.path()};
    if (!port_.empty()) arguments.push_back(port_);
    process_ = std::make_unique<child_process>(arguments);
    if (!holds_soon([this] { return std::filesystem::exists(directory_.file("port")); })) {
      throw std::runtime_error("the inference server did not start; is python3-prometheus-client there?");
    }
    std::ifstream(directory_.file("port")) >> port_;
  }

 private:
  void write_orders() {
    orders_["number"] = orders_.value("number", 0) + 1;
    directory_.write("control.new", orders_.dump());
    std::filesystem::rename(directory_.file("control.new"), directory_.file("control"));
  }

  temporary_directory directory_;
  nlohmann::json orders_;
  std::unique_ptr<child_process> process_;
  std::string port_;
};

}  // namespace podmedic::test
