#include "arguments.hpp"
#include "commands.hpp"
#include "http_endpoint.hpp"

#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <vector>

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

struct settings {
  std::string address;
  std::uint16_t port;
  std::optional<std::uint16_t> http_port;
  std::string record;
  steady::duration warm_up;
  bool closed_while_warming;
  std::chrono::milliseconds work;
  steady::duration shutdown;
  std::string wedged_if_exists;
  std::optional<steady::duration> crash_after;
  std::string liveness_file;
  std::string tail;
  std::string tls_cert, tls_key, tls_client_ca;
};

struct condition {
  std::atomic<bool> ready{false};
  std::atomic<bool> hanging{false};
};

/// The number after "work-ms=", with which a request begins that asks for its own time.
std::optional<std::chrono::milliseconds> asked_for(const grpc::ByteBuffer& request) {
  constexpr std::string_view sign = "work-ms=";
  std::vector<grpc::Slice> slices;
  if (!request.Dump(&slices).ok()) {
    return std::nullopt;
  }
  std::string text;
  for (const grpc::Slice& each : slices) {
    text.append(reinterpret_cast<const char*>(each.begin()), each.size());
  }
  if (!text.starts_with(sign)) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(std::atol(text.c_str() + sign.size()));
}

/// One call of any method: echoes the request after the work's time, or later than that while work hangs. A method
/// named Stream does so every 100 ms until then, and once more.
class echo final : public grpc::ServerGenericBidiReactor {
 public:
  echo(grpc::GenericCallbackServerContext* context, const condition& now, std::chrono::milliseconds work)
      : context_(context), now_(now), work_(work), streams_(context->method().ends_with("/Stream")) {
    StartRead(&message_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish({grpc::StatusCode::INVALID_ARGUMENT, "no request message"});
    } else if (!now_.ready) {
      Finish({grpc::StatusCode::UNAVAILABLE, "warming up"});
    } else {
      end_ = steady::now() + asked_for(message_).value_or(work_);
      work_on();
    }
  }
  void OnWriteDone(bool ok) override {
    if (ok) {
      work_on();
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  void work_on() {
    const steady::duration left = std::max<steady::duration>(end_ - steady::now(), 0ms);
    wait(streams_ ? std::min<steady::duration>(left, 100ms) : left);
  }

  /// An alarm at a time, so that nothing ever runs beside it.
  void wait(steady::duration time) {
    alarm_.Set(std::chrono::system_clock::now() + time, [this](bool) {
      if (context_->IsCancelled()) {
        Finish(grpc::Status::CANCELLED);
      } else if (now_.hanging) {
        wait(20ms);
      } else if (steady::now() >= end_) {
        StartWriteAndFinish(&message_, {}, grpc::Status::OK);
      } else if (streams_) {
        StartWrite(&message_);
      } else {
        work_on();  // the two clocks may differ by a little
      }
    });
  }

  grpc::GenericCallbackServerContext* const context_;
  const condition& now_;
  const std::chrono::milliseconds work_;
  const bool streams_;
  steady::time_point end_;
  grpc::ByteBuffer message_;
  grpc::Alarm alarm_;
};

class echo_service final : public grpc::CallbackGenericService {
 public:
  echo_service(const condition& now, std::chrono::milliseconds work) : now_(now), work_(work) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    return new echo(context, now_, work_);
  }

 private:
  const condition& now_;
  const std::chrono::milliseconds work_;
};

std::shared_ptr<grpc::ServerCredentials> credentials(const settings& given) {
  if (given.tls_cert.empty()) {
    return grpc::InsecureServerCredentials();
  }
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs = {{required_content(given.tls_key), required_content(given.tls_cert)}};
  if (!given.tls_client_ca.empty()) {
    options.pem_root_certs = required_content(given.tls_client_ca);
    options.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(options);
}

/// The signals that are waited for instead of handled; blocked, because a process with number 1 does not get them else.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) {
    sigaddset(&signals, each);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// Accepts TCP (the kernel does) and never answers, until it is told to end.
int be_wedged(const settings& given, const sigset_t& signals) {
  const listener port(given.address, given.port);
  say("wedged: " + given.wedged_if_exists + " exists");
  say("grpc listening on " + std::to_string(port.port()));
  for (int signal = 0; signal != SIGTERM && signal != SIGINT;) {
    sigwait(&signals, &signal);
  }
  say("terminated");
  return 0;
}

class model {
 public:
  explicit model(settings given)
      : given_(std::move(given)),
        service_(now_, given_.work),
        http_(given_.record, [this] { return now_.ready.load(); }) {}

  /// Serves until it is told to end.
  void run(const sigset_t& signals) {
    const auto began = steady::now();
    if (!given_.closed_while_warming) {
      open();
    }
    for (auto tick = 0;; ++tick) {
      if (!now_.ready && steady::now() - began >= given_.warm_up) {
        become_ready();
      }
      if (given_.crash_after && steady::now() - began >= *given_.crash_after) {
        say("crashing, as told");
        std::_Exit(1);
      }
      if (now_.ready && !now_.hanging && !given_.liveness_file.empty()) {
        std::ofstream(given_.liveness_file) << tick << '\n';
      }
      const timespec wait{0, 100'000'000};
      const int signal = sigtimedwait(&signals, nullptr, &wait);
      if (signal == SIGTERM || signal == SIGINT) {
        return;
      }
      if (signal == SIGUSR1) {
        now_.hanging = !now_.hanging;
        say(now_.hanging ? "work calls hang" : "work calls are answered");
      }
      if (signal == SIGUSR2) {
        leaked_.emplace_back(leak_bytes, '\1');  // written to, so that it is resident
        say("leaked 64 MiB more");
      }
      read_tail();
    }
  }

  void shut_down() {
    const auto end = steady::now() + given_.shutdown;
    say("terminating: no new connections");
    if (http_port_) {
      http_port_->close();
    }
    if (server_) {
      server_->Shutdown(std::chrono::system_clock::now() + given_.shutdown);
    }
    while (steady::now() < end) {
      const timespec wait{0, 20'000'000};
      nanosleep(&wait, nullptr);
    }
    say("terminated");
  }

 private:
  void open() {
    int chosen = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(given_.address + ":" + std::to_string(given_.port), credentials(given_), &chosen);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a port in use is a mistake, not a second server
    builder.RegisterCallbackGenericService(&service_);
    server_ = builder.BuildAndStart();
    if (!server_ || chosen == 0) {
      std::fprintf(stderr, "model-server: cannot listen on %s:%d\n", given_.address.c_str(), given_.port);
      std::exit(1);
    }
    server_->GetHealthCheckService()->SetServingStatus(false);
    if (given_.http_port) {
      http_port_.emplace(given_.address, *given_.http_port);
      http_.start(*http_port_);
      say("http listening on " + std::to_string(http_port_->port()));
    }
    if (!given_.closed_while_warming) {
      say("grpc listening on " + std::to_string(chosen));
    }
    port_ = chosen;
  }

  /// As a log shipper that does not follow a rotation: what it once opened it reads for ever.
  void read_tail() {
    if (given_.tail.empty()) {
      return;
    }
    if (!tail_.is_open()) {
      tail_.open(given_.tail);
    }
    tail_.clear();
    tail_.ignore(std::numeric_limits<std::streamsize>::max());
  }

  void become_ready() {
    if (!server_) {
      open();
    }
    now_.ready = true;
    server_->GetHealthCheckService()->SetServingStatus(true);
    if (given_.closed_while_warming) {
      say("grpc listening on " + std::to_string(port_));
    }
    say("ready");
  }

  const settings given_;
  condition now_;
  echo_service service_;
  http_endpoint http_;
  std::optional<listener> http_port_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::ifstream tail_;
  static constexpr std::size_t leak_bytes = 64 * 1024 * 1024;
  std::list<std::string> leaked_;
};

settings read_settings(const arguments& given) {
  const auto seconds = [&](std::string_view name) {
    return std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(given.number(name, 0)));
  };
  settings result;
  result.address = given.text("address", "0.0.0.0");
  result.port = static_cast<std::uint16_t>(given.number("port", 8001));
  if (given.has("http-port")) {
    result.http_port = static_cast<std::uint16_t>(given.number("http-port", 0));
  }
  result.record = given.text("record", "");
  result.warm_up = seconds("warm-up-seconds");
  result.closed_while_warming = given.text("warm-up-mode", "closed") != "not-serving";
  result.work = std::chrono::milliseconds(static_cast<long>(given.number("work-ms", 0)));
  result.shutdown = seconds("shutdown-seconds");
  result.wedged_if_exists = given.text("wedged-if-exists", "");
  if (given.has("exit-after-seconds")) {
    result.crash_after = seconds("exit-after-seconds");
  }
  result.liveness_file = given.text("liveness-file", "");
  result.tail = given.text("tail", "");
  result.tls_cert = given.text("tls-cert", "");
  result.tls_key = given.text("tls-key", "");
  result.tls_client_ca = given.text("tls-client-ca", "");
  return result;
}

}  // namespace

int serve(int count, char** words) {
  const arguments given(
      count, words,
      {"port", "http-port", "record", "address", "warm-up-seconds", "warm-up-mode", "work-ms", "shutdown-seconds",
       "wedged-if-exists", "exit-after-seconds", "liveness-file", "tail", "tls-cert", "tls-key", "tls-client-ca"},
      {});
  const settings chosen = read_settings(given);
  const sigset_t signals = block_signals();
  if (!chosen.wedged_if_exists.empty() && std::filesystem::exists(chosen.wedged_if_exists)) {
    return be_wedged(chosen, signals);
  }
  grpc::EnableDefaultHealthCheckService(true);
  model server(chosen);
  server.run(signals);
  server.shut_down();
  std::_Exit(0);  // connections of the HTTP part may still be open, in threads of their own
}
