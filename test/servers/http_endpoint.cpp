#include "http_endpoint.hpp"

#include "arguments.hpp"
#include "commands.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace {

constexpr std::size_t longest_request = 64 * 1024;

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool send_answer(int fd, int status, const std::string& body) {
  return send_all(fd, "HTTP/1.1 " + std::to_string(status) + " -\r\ncontent-type: text/plain\r\ncontent-length: " +
                          std::to_string(body.size()) + "\r\n\r\n" + body);
}

void pause(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

bool send_stream(int fd, int chunks, int gap_ms) {
  bool open = send_all(fd, "HTTP/1.1 200 -\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n");
  for (int i = 0; open && i < chunks; ++i) {
    if (i > 0) {
      pause(gap_ms);
    }
    open = send_all(fd, "6\r\nchunk\n\r\n");
  }
  return open && send_all(fd, "0\r\n\r\n");
}

/// The content-length of a request's head, or 0.
std::size_t body_size(const std::string& head) {
  for (const std::string name : {"\r\ncontent-length:", "\r\nContent-Length:"}) {
    const std::size_t at = head.find(name);
    if (at != std::string::npos) {
      return std::strtoul(head.c_str() + at + name.size(), nullptr, 10);
    }
  }
  return 0;
}

}  // namespace

listener::listener(const std::string& address, std::uint16_t port)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  const bool valid = inet_pton(AF_INET, address.c_str(), &place.sin_addr) == 1;
  if (!valid || ::bind(fd_, reinterpret_cast<sockaddr*>(&place), sizeof place) != 0 || ::listen(fd_, 128) != 0) {
    std::perror(("model-server: listen on " + address + ":" + std::to_string(port)).c_str());
    std::exit(1);
  }
  socklen_t size = sizeof place;
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&place), &size);
  port_ = ntohs(place.sin_port);
}

void listener::close() {
  const int fd = fd_.exchange(-1);
  if (fd >= 0) {
    ::shutdown(fd, SHUT_RDWR);  // wakes accept(2)
    ::close(fd);
  }
}

void http_endpoint::start(listener& from) {
  std::thread([this, &from] {
    for (;;) {
      const int fd = ::accept4(from.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) {
        return;
      }
      std::thread([this, fd] { answer_all(fd); }).detach();
    }
  }).detach();
}

void http_endpoint::answer_all(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::string buffered;
  while (answer_one(fd, buffered)) {
  }
  ::close(fd);
}

bool http_endpoint::answer_one(int fd, std::string& buffered) {
  const auto read_more = [&] {
    char piece[4096];
    const ssize_t size = buffered.size() < longest_request ? ::recv(fd, piece, sizeof piece, 0) : 0;
    if (size > 0) {
      buffered.append(piece, static_cast<std::size_t>(size));
    }
    return size > 0;
  };
  std::size_t head_end = buffered.find("\r\n\r\n");
  while (head_end == std::string::npos) {
    if (!read_more()) {
      return false;
    }
    head_end = buffered.find("\r\n\r\n");
  }
  const std::string head = buffered.substr(0, head_end + 2);
  const std::size_t whole = head_end + 4 + body_size(head);
  while (buffered.size() < whole) {
    if (!read_more()) {
      return false;
    }
  }
  buffered.erase(0, whole);
  const std::size_t method_end = head.find(' ');
  const std::size_t path_end = method_end == std::string::npos ? method_end : head.find(' ', method_end + 1);
  if (path_end == std::string::npos) {
    send_answer(fd, 400, "");
    return false;
  }
  return answer(fd, head.substr(0, method_end), head.substr(method_end + 1, path_end - method_end - 1));
}

bool http_endpoint::answer(int fd, const std::string& method, const std::string& path) {
  if (path == "/requests") {
    return send_answer(fd, 200, requests());
  }
  if (path == "/health") {
    return send_answer(fd, is_ready_() ? 200 : 503, is_ready_() ? "ok\n" : "warming up\n");
  }
  record(method + " " + path);
  int number = 0;
  int gap_ms = 0;
  if (std::sscanf(path.c_str(), "/status/%d", &number) == 1) {
    return send_answer(fd, number, "status " + std::to_string(number) + "\n");
  }
  if (std::sscanf(path.c_str(), "/delay/%d", &number) == 1) {
    pause(number);
  } else if (std::sscanf(path.c_str(), "/stream/%d/%d", &number, &gap_ms) == 2) {
    return send_stream(fd, number, gap_ms);
  }
  if (method != "GET") {
    say("hook " + method + " " + path);
  }
  return send_answer(fd, 200, "ok\n");
}

void http_endpoint::record(const std::string& line) {
  constexpr std::size_t most = 10'000;
  const std::lock_guard lock(mutex_);
  if (requests_.size() < most) {
    requests_.push_back(line);
  }
  if (!record_file_.empty()) {
    std::ofstream(record_file_, std::ios::app) << line << '\n';
  }
}

std::string http_endpoint::requests() {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (const std::string& line : requests_) {
    all += line + "\n";
  }
  return all;
}

int serve_http(int count, char** words) {
  const arguments given(count, words, {"port", "address", "record"}, {});
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  listener port(given.text("address", "0.0.0.0"), static_cast<std::uint16_t>(given.number("port", 15000)));
  http_endpoint endpoint(given.text("record", ""), [] { return true; });
  endpoint.start(port);
  say("http listening on " + std::to_string(port.port()));
  int signal = 0;
  sigwait(&ends, &signal);
  std::_Exit(0);  // its threads still use what would be destroyed
}
