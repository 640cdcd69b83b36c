#pragma once
#include "base/http_client.hpp"
#include "base/verdict.hpp"

/// What answers to a gRPC probe mean: pure.
namespace podmedic::probes::grpc {

/// One answer to grpc.health.v1.Health/Check.
verdict judge_health(const http_result& answer);

/// Whether that answer, on the held channel, leaves open if it is the channel that is ill, or the server: there was
/// none, or it broke off. A plain no does not.
bool is_open(const http_result& held);

/// A check that asked on two channels: `held` is open (is_open()), `fresh` came within the same deadline of `timeout`.
verdict judge_both(const http_failure& held, const http_result& fresh, milliseconds timeout);

/// What came of a canary's messages.
struct canary_stream {
  std::int64_t messages = 0;  ///< whole ones
  bool enough = false;        ///< as many as were asked for: it was ended there
};

/// The answer to a canary call, of which only the status matters, or that it went on as it should. A stream that keeps
/// coming at the deadline has another reason than one that is silent.
verdict judge_canary(const http_result& answer, const canary_stream& stream = {});

}  // namespace podmedic::probes::grpc
