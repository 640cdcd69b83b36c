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

/// The answer to a canary call, of which only the status matters.
verdict judge_canary(const http_result& answer);

}  // namespace podmedic::probes::grpc
