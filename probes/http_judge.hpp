#pragma once
#include "base/http_client.hpp"
#include "base/status_ranges.hpp"
#include "base/time.hpp"
#include "base/verdict.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What an http probe makes of an answer: pure.
namespace podmedic::probes {

/// Measures a body that comes in pieces. Times count from the begin of the check.
class body_measure {
 public:
  void take(std::size_t bytes, milliseconds at);

  std::int64_t bytes = 0;
  std::optional<milliseconds> first_piece;
  milliseconds last_piece{0};
  milliseconds longest_gap{0};  ///< between two pieces
};

/// What one check of an http probe saw.
struct http_sample {
  std::optional<http_fault> fault;         ///< how it failed; nothing: the answer came to its end
  std::string message;                     ///< the fault's own, for people
  int status = 0;                          ///< 0: no answer began
  std::optional<milliseconds> first_byte;  ///< of the answer's head
  body_measure body;
  bool text_found = false;
  bool unwanted_text_found = false;
  std::optional<milliseconds> retry_after;  ///< http_response::retry_after()
  milliseconds took{0};                     ///< to the end of the answer, or to the failure

  std::string to_text() const;
  /// Throws std::invalid_argument where it is none.
  static http_sample parse(std::string_view line);
};

struct http_expectation {
  std::string asked;  ///< "POST http://…", begins every message
  status_ranges status;
  std::string body_contains;
  std::string body_lacks;                       ///< empty: nothing is unwanted
  std::optional<milliseconds> max_latency;      ///< to the answer's first byte
  std::optional<milliseconds> max_first_chunk;  ///< to the body's first byte
};

/// Judges each sample for itself. How an answer ended comes before what it said, and that before how long it took: the
/// graver fault is the one that is named.
class http_judge {
 public:
  explicit http_judge(http_expectation expected) : expected_(std::move(expected)) {}
  verdict judge(const http_sample& sample) const;

 private:
  verdict judge_broken(const http_sample& sample) const;
  verdict judge_whole(const http_sample& sample) const;
  std::optional<fail> find_late(const http_sample& sample) const;

  http_expectation expected_;
};

}  // namespace podmedic::probes
