#include "arguments.hpp"
#include "commands.hpp"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <list>
#include <map>
#include <mutex>
#include <thread>

namespace {

using steady = std::chrono::steady_clock;

/// What became of the calls; written to from gRPC's threads.
class tally {
 public:
  void sent() {
    const std::lock_guard lock(mutex_);
    ++sent_;
  }
  void ended(const grpc::Status& status, steady::duration took) {
    const std::lock_guard lock(mutex_);
    if (status.ok()) {
      latencies_ms_.push_back(std::chrono::duration<double, std::milli>(took).count());
    } else {
      last_failure_at_ = utc_now();
      if (failed_++ == 0) {
        first_failure_at_ = last_failure_at_;
      }
      ++codes_[status.error_code()];
    }
    all_ended_.notify_one();
  }
  void wait_for_all() {
    std::unique_lock lock(mutex_);
    all_ended_.wait(lock, [this] { return latencies_ms_.size() + failed_ == sent_; });
  }
  void print() {
    std::sort(latencies_ms_.begin(), latencies_ms_.end());
    std::string codes;
    for (const auto& [code, times] : codes_) {
      codes += (codes.empty() ? "\"" : ", \"") + std::to_string(code) + "\": " + std::to_string(times);
    }
    std::printf("{\"sent\": %zu, \"ok\": %zu, \"failed\": %zu, \"first_failure_at\": %s, \"last_failure_at\": %s, "
                "\"codes\": {%s}, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n",
                sent_, latencies_ms_.size(), failed_, quoted(first_failure_at_).c_str(),
                quoted(last_failure_at_).c_str(), codes.c_str(), quantile(0.5), quantile(0.99), quantile(1));
  }

 private:
  static std::string quoted(const std::string& text) { return text.empty() ? "null" : "\"" + text + "\""; }
  double quantile(double share) const {
    if (latencies_ms_.empty()) {
      return 0;
    }
    return latencies_ms_[static_cast<std::size_t>(share * static_cast<double>(latencies_ms_.size() - 1))];
  }

  std::mutex mutex_;
  std::condition_variable all_ended_;
  std::size_t sent_ = 0;
  std::size_t failed_ = 0;
  std::map<int, int> codes_;
  std::vector<double> latencies_ms_;
  std::string first_failure_at_, last_failure_at_;
};

/// What must live until the answer is there.
struct one_call {
  std::shared_ptr<grpc::Channel> channel;
  grpc::GenericStub stub{channel};
  grpc::ClientContext context;
  grpc::ByteBuffer request, response;
  steady::time_point began = steady::now();
};

/// Drops the calls that gRPC no longer refers to. A channel must not be closed by its own thread, which would happen if
/// a callback held the last reference.
void drop_ended(std::list<std::shared_ptr<one_call>>& calls) {
  calls.remove_if([](const auto& each) { return each.use_count() == 1; });
}

std::shared_ptr<grpc::Channel> open_channel(const std::string& address) {
  grpc::ChannelArguments options;
  options.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // else channels to one address share their connection
  options.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  options.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), options);
}

}  // namespace

int call(int count, char** words) {
  const arguments given(count, words, {"address", "rate", "seconds", "timeout-ms", "method"},
                        {"fresh-channel-per-call"});
  const std::string address = given.text("address", "127.0.0.1:8001");
  const std::string method = given.text("method", "/demo.Model/Generate");
  const double rate = std::max(0.001, given.number("rate", 10));
  const auto calls = static_cast<long>(rate * given.number("seconds", 10));
  const auto timeout = std::chrono::milliseconds(static_cast<long>(given.number("timeout-ms", 1000)));
  const auto interval = std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(1 / rate));
  const bool fresh = given.has("fresh-channel-per-call");

  tally outcome;
  const auto held = fresh ? nullptr : open_channel(address);
  std::list<std::shared_ptr<one_call>> under_way;
  const auto began = steady::now();
  for (long i = 0; i < calls; ++i) {
    std::this_thread::sleep_until(began + i * interval);  // a fixed rate, whatever the answers do
    drop_ended(under_way);
    const std::shared_ptr<one_call> each =
        under_way.emplace_back(std::make_shared<one_call>(fresh ? open_channel(address) : held));
    each->context.set_deadline(std::chrono::system_clock::now() + timeout);
    const grpc::Slice text("hello");
    each->request = grpc::ByteBuffer(&text, 1);
    outcome.sent();
    const auto done = [each, &outcome](const grpc::Status& status) {
      outcome.ended(status, steady::now() - each->began);
    };
    each->stub.UnaryCall(&each->context, method, {}, &each->request, &each->response, done);
  }
  outcome.wait_for_all();
  outcome.print();
  for (drop_ended(under_way); !under_way.empty(); drop_ended(under_way)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return 0;
}
