#include "base/clock.hpp"
#include "base/tcp_connections.hpp"
#include "base/tcp_sockets.hpp"
#include "probes/connections_judge.hpp"
#include "probes/registry.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>

namespace podmedic::probes {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t max_ports = 32;  // of each list
constexpr std::size_t max_pending = 1024;
constexpr std::size_t max_waiting = 256;  // ids of one port

using port_list = std::vector<std::uint16_t>;

bool contains(const port_list& ports, std::uint16_t port) {
  return std::find(ports.begin(), ports.end(), port) != ports.end();
}

/// Sorts the sockets of one scan into a sample.
class sample_maker {
 public:
  sample_maker(const port_list& peer_ports, const port_list& listen_ports)
      : peer_ports_(peer_ports), listen_ports_(listen_ports) {}

  void take(const tcp_socket& one) {
    if (contains(listen_ports_, one.local_port)) take_local(one);
    if (!one.listening && one.established && contains(peer_ports_, one.remote_port)) take_outbound(one);
  }
  connections_sample sample() && {
    for (auto& [port, queue] : queues_) made_.queues.push_back(std::move(queue));
    return std::move(made_);
  }

 private:
  void take_local(const tcp_socket& one) {
    connections_sample::accept_queue& queue = queues_[one.local_port];
    queue.port = one.local_port;
    if (one.listening) {
      queue.length += one.receive_queue;
      queue.backlog += one.send_queue;
    } else if (one.inode == 0) {
      queue.waiting.insert(one.id);
      // Of more, always the same ones: so that it does not look as if some had been accepted.
      if (queue.waiting.size() > max_waiting) queue.waiting.erase(std::prev(queue.waiting.end()));
    }
  }

  void take_outbound(const tcp_socket& one) {
    ++made_.connections;
    if (one.send_queue == 0 && one.receive_queue == 0) return;
    if (!own_) own_ = own_socket_inodes();
    if (own_->contains(one.inode) || made_.data.size() >= max_pending) return;
    const auto add = [&](connections_sample::way data, std::uint32_t queued, std::uint64_t taken) {
      if (queued == 0) return;
      made_.data.push_back(
          {one.id, data, one.remote_port, one.remote_text(), queued, taken, one.retransmits, one.window_closed});
    };
    add(connections_sample::way::sending, one.send_queue, one.acknowledged);
    add(connections_sample::way::receiving, one.receive_queue, one.read);
  }

  const port_list& peer_ports_;
  const port_list& listen_ports_;
  connections_sample made_;
  std::map<std::uint16_t, connections_sample::accept_queue> queues_;
  std::optional<std::set<ino_t>> own_;  ///< podmedic's own sockets, once they matter
};

class connections_probe final : public probe {
 public:
  connections_probe(const surroundings& around, port_list peer_ports, port_list listen_ports, milliseconds stalled)
      : on_sample_(around.on_sample),
        peer_ports_(std::move(peer_ports)),
        listen_ports_(std::move(listen_ports)),
        judge_(stalled) {}

  asio::awaitable<verdict> check(milliseconds) override {
    const auto executor = co_await asio::this_coro::executor;
    tcp_socket_scan scan(listen_ports_, peer_ports_);
    sample_maker seen(peer_ports_, listen_ports_);
    for (bool more = true; more;) {
      auto piece = scan.next([&seen](const tcp_socket& one) { seen.take(one); });
      if (auto* failed = std::get_if<file_error>(&piece))
        co_return unknown{{"CouldNotAsk", std::move(failed->message)}};
      more = std::get<bool>(piece);
      if (more) co_await asio::post(executor, asio::use_awaitable);  // others are not kept waiting for a long table
    }
    const connections_sample sample = std::move(seen).sample();
    if (on_sample_) on_sample_(sample.to_text());
    co_return judge_.judge(sample, boot_now().time_since_epoch());
  }

 private:
  const std::function<void(const std::string&)> on_sample_;
  const port_list peer_ports_;
  const port_list listen_ports_;
  connections_judge judge_;
};

port_list read_ports(fields& own, std::string_view name, std::string& target) {
  port_list ports = own.ports(name);
  if (ports.size() > max_ports) own.complain(name, "expected 32 ports at most");
  for (std::size_t i = 0; i < ports.size(); ++i) {
    target += (i == 0 ? " " + std::string(name) + " " : ",") + std::to_string(ports[i]);
  }
  return ports;
}

}  // namespace

/// connections: docs/probes/connections.md.
spec read_connections(fields& own) {
  std::string target = "connections";
  const port_list peer_ports = read_ports(own, "peerPorts", target);
  const port_list listen_ports = read_ports(own, "listenPorts", target);
  if (peer_ports.empty() && listen_ports.empty() && !own.failed()) {
    own.complain("", "expected peerPorts, listenPorts, or both, as in {peerPorts: [5432]}");
  }
  const milliseconds stalled = own.seconds("stalledSeconds", 30s, 1ms, 24h);
  own.finish();
  return {.target = target,
          .make = [=](const surroundings& around) -> std::unique_ptr<probe> {
            return std::make_unique<connections_probe>(around, peer_ports, listen_ports, stalled);
          },
          .replay = [stalled]() -> sample_judge {
            return [judge = std::make_shared<connections_judge>(stalled)](std::string_view line, milliseconds at) {
              return judge->judge(connections_sample::parse(line), at);
            };
          }};
}

}  // namespace podmedic::probes
