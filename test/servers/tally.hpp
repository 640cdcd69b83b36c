#pragma once
#include "arguments.hpp"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <vector>

/// What became of the calls; written to from gRPC's threads.
class tally {
 public:
  using steady = std::chrono::steady_clock;

  void sent() {
    const std::lock_guard lock(mutex_);
    ++sent_;
  }
  /// `kind`: for people, and for the count of failures by kind.
  void ended(const std::string& kind, const grpc::Status& status, steady::duration took) {
    const std::lock_guard lock(mutex_);
    if (status.ok()) {
      latencies_ms_.push_back(std::chrono::duration<double, std::milli>(took).count());
    } else {
      last_failure_at_ = utc_now();
      const double seconds = std::chrono::duration<double>(took).count();
      longest_failure_s_ = std::max(longest_failure_s_, seconds);
      if (failed_++ == 0) {
        first_failure_at_ = last_failure_at_;
      }
      ++codes_[std::to_string(status.error_code())];
      ++failed_by_kind_[kind];
      std::fprintf(stderr, "%s failed %s after %.3f s: %d %s\n", kind.c_str(), last_failure_at_.c_str(), seconds,
                   status.error_code(), status.error_message().c_str());
    }
    all_ended_.notify_one();
  }
  void wait_for_all() {
    std::unique_lock lock(mutex_);
    all_ended_.wait(lock, [this] { return latencies_ms_.size() + failed_ == sent_; });
  }
  void print() {
    std::sort(latencies_ms_.begin(), latencies_ms_.end());
    std::printf(
        "{\"sent\": %zu, \"ok\": %zu, \"failed\": %zu, \"first_failure_at\": %s, \"last_failure_at\": %s, "
        "\"longest_failure_s\": %.3f, \"codes\": {%s}, \"failed_by_kind\": {%s}, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
        "\"max_ms\": %.3f}\n",
        sent_, latencies_ms_.size(), failed_, quoted(first_failure_at_).c_str(), quoted(last_failure_at_).c_str(),
        longest_failure_s_, listed(codes_).c_str(), listed(failed_by_kind_).c_str(), quantile(0.5), quantile(0.99),
        quantile(1));
  }

 private:
  static std::string quoted(const std::string& text) { return text.empty() ? "null" : "\"" + text + "\""; }
  static std::string listed(const std::map<std::string, int>& counts) {
    std::string text;
    for (const auto& [name, count] : counts) {
      text += (text.empty() ? "" : ", ") + quoted(name) + ": " + std::to_string(count);
    }
    return text;
  }
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
  std::map<std::string, int> codes_;
  std::map<std::string, int> failed_by_kind_;
  std::vector<double> latencies_ms_;
  double longest_failure_s_ = 0;
  std::string first_failure_at_, last_failure_at_;
};
