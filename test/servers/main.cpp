// A model server that can be made ill: see usage.
#include "commands.hpp"

#include <cstdio>
#include <string_view>

namespace {

constexpr char usage[] = R"(model-server [OPTIONS]: serves gRPC until SIGTERM
  --port N                     gRPC: grpc.health.v1, and an echo for any other unary method (default 8001; 0: any);
                               a method named Stream echoes every 100 ms until the work is done
  --http-port N                HTTP/1.1 besides: GET /health, /requests, /status/CODE, /delay/MS, /stream/CHUNKS/GAP_MS
  --record FILE                appends each HTTP request line to FILE
  --address IP                 to listen on (default 0.0.0.0)
  --warm-up-seconds N          until then it is not ready
  --warm-up-mode MODE          closed (default): no port is open; not-serving: health answers NOT_SERVING
  --work-ms N                  how long an echo takes; a request that begins with work-ms=N takes that time
  --shutdown-seconds N         on SIGTERM the port closes at once, and the process ends N seconds later (default 0)
  --wedged-if-exists FILE      if FILE exists at the start: accepts TCP and never answers
  --exit-after-seconds N       crashes (exit code 1)
  --liveness-file FILE         counts up in FILE while work calls are answered
  --tail FILE                  reads FILE as it grows, and never follows it where it is rotated
  --tls-cert, --tls-key FILE   serves TLS;  --tls-client-ca FILE: asks for a client certificate
  SIGUSR1 turns on and off: work calls hang while health answers SERVING
  SIGUSR2: 64 MiB of memory are lost
model-server http-server --port N [--address IP] [--record FILE]
  the HTTP part alone: stands for a proxy's administration port
model-server call --address HOST:PORT [--rate N] [--seconds S] [--timeout-ms N] [--method /P.S/M]
                  [--fresh-channel-per-call] [--slow-one-in N --slow-ms N] [--stream-ms N] [--tls-ca FILE --tls-name NAME]
  unary calls at a fixed rate, for S seconds or (0) until SIGTERM; one in N takes --slow-ms; beside them one server
  stream after the other, of --stream-ms each; prints {sent, ok, failed, first_failure_at, last_failure_at, ...}
model-server fault stop|continue|hang|kill
  SIGSTOP, SIGCONT, SIGUSR1 or SIGKILL to every model-server that serves
model-server append FILE TEXT
  one more line in FILE
)";

}  // namespace

int main(int count, char** words) {
  const std::string_view command = count > 1 ? words[1] : "";
  if (command == "http-server") {
    return serve_http(count - 2, words + 2);
  }
  if (command == "call") {
    return call(count - 2, words + 2);
  }
  if (command == "fault") {
    return fault(count - 2, words + 2);
  }
  if (command == "append") {
    return append(count - 2, words + 2);
  }
  if (command == "--help") {
    std::fputs(usage, stdout);
    return 0;
  }
  if (!command.empty() && !command.starts_with("--")) {
    std::fputs(usage, stderr);
    return 2;
  }
  return serve(count - 1, words + 1);
}
