#include "probes/http_judge.hpp"

#include "base/clock.hpp"
#include "base/foreign_text.hpp"
#include "probes/network_verdict.hpp"
#include "probes/sample_text.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace podmedic::probes {

namespace {

/// In the order of http_fault.
constexpr std::array<std::string_view, 9> faults = {"could_not_ask", "refused",        "timed_out",
                                                    "gap",           "broken",         "untrusted",
                                                    "too_large",     "wrong_protocol", "told_to_calm_down"};

http_fault fault_of(std::string_view word) {
  const auto found = std::find(faults.begin(), faults.end(), word);
  if (found == faults.end()) {
    throw std::invalid_argument("sample: fault=" + std::string(word) + " is none");
  }
  return static_cast<http_fault>(found - faults.begin());
}

std::optional<milliseconds> time_in(const sample_text& line, std::string_view name) {
  return line.has(name) ? std::optional(milliseconds(line.integer(name))) : std::nullopt;
}

/// Whether the body was still coming when the time was up: the silence at its end is the smaller part of it.
bool was_coming(const http_sample& sample) {
  return sample.body.first_piece && (sample.took - sample.body.last_piece) * 2 < sample.took - *sample.body.first_piece;
}

}  // namespace

void body_measure::take(std::size_t size, milliseconds at) {
  bytes += static_cast<std::int64_t>(size);
  if (first_piece) {
    longest_gap = std::max(longest_gap, at - last_piece);
  } else {
    first_piece = at;
  }
  last_piece = at;
}

std::string http_sample::to_text() const {
  sample_text line;
  line.add("took_ms", std::int64_t{took.count()}).add("status", std::int64_t{status});
  if (fault) line.add("fault", faults[static_cast<std::size_t>(*fault)]).add("message", message);
  if (first_byte) line.add("first_byte_ms", std::int64_t{first_byte->count()});
  if (body.first_piece) {
    line.add("body_bytes", body.bytes)
        .add("body_first_ms", std::int64_t{body.first_piece->count()})
        .add("body_last_ms", std::int64_t{body.last_piece.count()})
        .add("body_longest_gap_ms", std::int64_t{body.longest_gap.count()});
  }
  line.add("text_found", std::int64_t{text_found});
  if (unwanted_text_found) line.add("unwanted_text_found", std::int64_t{1});
  if (retry_after) line.add("retry_after_ms", std::int64_t{retry_after->count()});
  return line.to_text();
}

http_sample http_sample::parse(std::string_view text) {
  const sample_text line(text);
  http_sample sample;
  sample.took = milliseconds(line.integer("took_ms"));
  sample.status = static_cast<int>(line.integer("status"));
  if (line.has("fault")) {
    sample.fault = fault_of(line.text("fault"));
    sample.message = line.text("message");
  }
  sample.first_byte = time_in(line, "first_byte_ms");
  sample.body.first_piece = time_in(line, "body_first_ms");
  if (sample.body.first_piece) {
    sample.body.bytes = line.integer("body_bytes");
    sample.body.last_piece = milliseconds(line.integer("body_last_ms"));
    sample.body.longest_gap = milliseconds(line.integer("body_longest_gap_ms"));
  }
  sample.text_found = line.integer("text_found") != 0;
  sample.unwanted_text_found = line.has("unwanted_text_found");
  sample.retry_after = time_in(line, "retry_after_ms");
  return sample;
}

verdict http_judge::judge(const http_sample& sample) const {
  return sample.fault ? judge_broken(sample) : judge_whole(sample);
}

verdict http_judge::judge_broken(const http_sample& sample) const {
  const std::string begun = expected_.asked + ": status " + std::to_string(sample.status) + ", but ";
  if (sample.fault == http_fault::timed_out && was_coming(sample)) {
    return fail{{"AnswerDidNotEnd", begun + "the body was still coming after " + podmedic::to_text(sample.took) + ": " +
                                        std::to_string(sample.body.bytes) + " bytes, the longest pause " +
                                        podmedic::to_text(sample.body.longest_gap)}};
  }
  if (sample.fault == http_fault::timed_out && sample.body.first_piece) {
    return fail{{"AnswerStalled", begun + "the body stopped after " + std::to_string(sample.body.bytes) +
                                      " bytes, and nothing came for the last " +
                                      podmedic::to_text(sample.took - sample.body.last_piece)}};
  }
  if (sample.fault == http_fault::timed_out && sample.first_byte) {
    return fail{{"AnswerStalled", begun + "nothing of the body within " + podmedic::to_text(sample.took)}};
  }
  return verdict_of(http_failure{*sample.fault, sample.message}, "RequestTimedOut");
}

verdict http_judge::judge_whole(const http_sample& sample) const {
  const std::string status = "status " + std::to_string(sample.status);
  if (!expected_.status.contains(sample.status)) {
    if (const auto refused = refusal_of(sample.status, sample.retry_after, expected_.asked + ": " + status))
      return *refused;
    const bool answered_no = sample.status >= 500;
    return fail{{"UnexpectedStatus", expected_.asked + ": " + status}, answered_no};
  }
  const auto quoted = [](const std::string& text) { return "\"" + foreign_text(text, 64) + "\""; };
  if (sample.unwanted_text_found) {
    return fail{{"UnexpectedBody", expected_.asked + ": the body contains " + quoted(expected_.body_lacks)}};
  }
  if (!sample.text_found) {
    return fail{{"UnexpectedBody", expected_.asked + ": the body does not contain " + quoted(expected_.body_contains)}};
  }
  if (const auto late = find_late(sample)) return *late;
  return pass{status + " in " + podmedic::to_text(sample.first_byte.value_or(sample.took))};
}

std::optional<fail> http_judge::find_late(const http_sample& sample) const {
  const auto late = [&](std::string_view what, milliseconds after, milliseconds bound) {
    return fail{{"TooSlow", expected_.asked + ": " + std::string(what) + " began after " + podmedic::to_text(after) +
                                ", later than " + podmedic::to_text(bound)}};
  };
  if (expected_.max_latency && sample.first_byte > expected_.max_latency) {
    return late("the answer", *sample.first_byte, *expected_.max_latency);
  }
  if (expected_.max_first_chunk && sample.body.first_piece > expected_.max_first_chunk) {
    return late("the body", *sample.body.first_piece, *expected_.max_first_chunk);
  }
  return std::nullopt;
}

}  // namespace podmedic::probes
