#pragma once
#include "base/files.hpp"
#include "test/support/child_process.hpp"
#include "test/support/holds_soon.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace podmedic::test {

/// Two network namespaces with a cable between them: the Pod's, in which the test and its children are while this
/// lives, and a peer's. Needs root.
class own_network {
 public:
  static constexpr const char* pod_address = "10.99.0.1";
  static constexpr const char* peer_address = "10.99.0.2";

  own_network() : before_(open_namespace("self")) {
    if (::unshare(CLONE_NEWNET) != 0) throw std::runtime_error("unshare: a network namespace needs root");
    pod_ = open_namespace("self");
    const std::string other = std::to_string(holder_.pid());
    if (!holds_soon([&] { return name_of(other) != name_of("self") && name_of(other) != outside_; })) {
      throw std::runtime_error("the peer has no network namespace");
    }
    peer_ = open_namespace(other);
    run("ip link set lo up && ip link add eth0 type veth peer name eth0 netns " + other + " && ip addr add " +
        pod_address + "/24 dev eth0 && ip link set eth0 up");
    in_peer([] {
      run(std::string("ip addr add ") + peer_address + "/24 dev eth0 && ip link set lo up && ip link set eth0 up");
    });
  }
  ~own_network() { enter(before_); }
  own_network(const own_network&) = delete;
  own_network& operator=(const own_network&) = delete;

  /// What is made inside, a socket or a process, belongs to the peer.
  template <class Action>
  std::invoke_result_t<Action> in_peer(Action action) const {
    struct back {
      const own_network& network;
      ~back() { enter(network.pod_); }
    };
    const back afterwards{*this};
    enter(peer_);
    return action();
  }
  /// From now on the peer is silent, and says no farewell.
  void cut() const {
    in_peer([] { run("ip link set eth0 down"); });
  }
  void mend() const {
    in_peer([] { run("ip link set eth0 up"); });
  }

 private:
  static std::string name_of(const std::string& pid) {
    std::error_code vanished;
    return std::filesystem::read_symlink("/proc/" + pid + "/ns/net", vanished).string();
  }
  static unique_fd open_namespace(const std::string& pid) {
    return unique_fd(::open(("/proc/" + pid + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  }
  static void enter(const unique_fd& network) {
    if (::setns(network.get(), CLONE_NEWNET) != 0) std::abort();
  }
  static void run(const std::string& command) {
    if (std::system(command.c_str()) != 0) throw std::runtime_error(command);
  }

  const std::string outside_ = name_of("self");
  unique_fd before_;
  child_process holder_{{"/usr/bin/unshare", "--net", "/bin/sleep", "1000"}};
  unique_fd pod_;
  unique_fd peer_;
};

}  // namespace podmedic::test
