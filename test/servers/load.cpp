#include "arguments.hpp"
#include "commands.hpp"
#include "tally.hpp"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <list>
#include <optional>
#include <thread>

namespace {

using steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

grpc::ByteBuffer message(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

/// What must live until the answer is there.
struct one_call {
  std::shared_ptr<grpc::Channel> channel;
  grpc::GenericStub stub{channel};
  grpc::ClientContext context;
  grpc::ByteBuffer request, response;
  steady::time_point began = steady::now();
};

/// A server stream, until the server has ended it. Must live until ended().
class one_stream final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  one_stream(std::shared_ptr<grpc::Channel> channel, milliseconds lasts, milliseconds timeout, tally& outcome)
      : stub_(std::move(channel)), request_(message("work-ms=" + std::to_string(lasts.count()))), outcome_(outcome) {
    outcome.sent();
    context_.set_deadline(std::chrono::system_clock::now() + lasts + timeout);
    stub_.PrepareBidiStreamingCall(&context_, "/demo.Model/Stream", {}, this);
    StartWriteLast(&request_, {});
    StartRead(&response_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (ok) {
      StartRead(&response_);
    }
  }
  void OnDone(const grpc::Status& status) override {
    outcome_.ended("stream", status, steady::now() - began_);
    ended_ = true;
  }
  bool ended() const { return ended_; }

 private:
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_, response_;
  tally& outcome_;
  const steady::time_point began_ = steady::now();
  std::atomic<bool> ended_{false};
};

/// Drops the calls that gRPC no longer refers to. A channel must not be closed by its own thread, which would happen if
/// a callback held the last reference.
void drop_ended(std::list<std::shared_ptr<one_call>>& calls) {
  calls.remove_if([](const auto& each) { return each.use_count() == 1; });
}

class load {
 public:
  explicit load(const arguments& given)
      : address_(given.text("address", "127.0.0.1:8001")),
        method_(given.text("method", "/demo.Model/Generate")),
        rate_(std::max(0.001, given.number("rate", 10))),
        seconds_(given.number("seconds", 10)),
        timeout_(static_cast<long>(given.number("timeout-ms", 1000))),
        slow_one_in_(static_cast<long>(given.number("slow-one-in", 0))),
        slow_(static_cast<long>(given.number("slow-ms", 0))),
        stream_(static_cast<long>(given.number("stream-ms", 0))),
        authority_(given.text("tls-ca", "")),
        name_(given.text("tls-name", "")),
        held_(given.has("fresh-channel-per-call") ? nullptr : open_channel()) {}

  void run() {
    const auto interval = std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(1 / rate_));
    const auto began = steady::now();
    for (long i = 0; seconds_ <= 0 || i < static_cast<long>(rate_ * seconds_); ++i) {
      if (told_to_end_by(began + i * interval)) {  // a fixed rate, whatever the answers do
        break;
      }
      drop_ended(under_way_);
      start_call(slow_one_in_ > 0 && i % slow_one_in_ == 0);
      keep_streaming();
    }
    outcome_.wait_for_all();
    outcome_.print();
    while (!under_way_.empty() || (streaming_ && !streaming_->ended())) {
      std::this_thread::sleep_for(milliseconds(1));
      drop_ended(under_way_);
    }
  }

 private:
  std::shared_ptr<grpc::Channel> open_channel() const {
    grpc::ChannelArguments options;
    options.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // else channels to one address share their connection
    options.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    options.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    if (!name_.empty()) {
      options.SetSslTargetNameOverride(name_);
    }
    grpc::SslCredentialsOptions tls;
    if (!authority_.empty()) {
      tls.pem_root_certs = required_content(authority_);
    }
    const auto credentials = authority_.empty() ? grpc::InsecureChannelCredentials() : grpc::SslCredentials(tls);
    return grpc::CreateCustomChannel(address_, credentials, options);
  }
  std::shared_ptr<grpc::Channel> channel() const { return held_ ? held_ : open_channel(); }

  void start_call(bool slow) {
    const auto each = under_way_.emplace_back(std::make_shared<one_call>(channel()));
    each->context.set_deadline(std::chrono::system_clock::now() + timeout_ + (slow ? slow_ : milliseconds(0)));
    each->request = message(slow ? "work-ms=" + std::to_string(slow_.count()) : "hello");
    outcome_.sent();
    const auto done = [each, slow, this](const grpc::Status& status) {
      outcome_.ended(slow ? "slow" : "short", status, steady::now() - each->began);
    };
    each->stub.UnaryCall(&each->context, method_, {}, &each->request, &each->response, done);
  }

  void keep_streaming() {
    if (stream_.count() > 0 && (!streaming_ || streaming_->ended())) {
      streaming_.reset();
      streaming_.emplace(channel(), stream_, timeout_, outcome_);
    }
  }

  static bool told_to_end_by(steady::time_point then) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    const auto left = std::max(steady::duration(0), then - steady::now());
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec wait{whole.count(), static_cast<long>(std::chrono::nanoseconds(left - whole).count())};
    return sigtimedwait(&signals, nullptr, &wait) == SIGTERM;
  }

  const std::string address_, method_;
  const double rate_, seconds_;
  const milliseconds timeout_;
  const long slow_one_in_;
  const milliseconds slow_, stream_;
  const std::string authority_, name_;
  const std::shared_ptr<grpc::Channel> held_;
  tally outcome_;
  std::list<std::shared_ptr<one_call>> under_way_;
  std::optional<one_stream> streaming_;
};

}  // namespace

int call(int count, char** words) {
  const arguments given(count, words,
                        {"address", "rate", "seconds", "timeout-ms", "method", "slow-one-in", "slow-ms", "stream-ms",
                         "tls-ca", "tls-name"},
                        {"fresh-channel-per-call"});
  sigset_t signals;  // waited for, and so blocked in gRPC's threads too
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  load(given).run();
  return 0;
}
