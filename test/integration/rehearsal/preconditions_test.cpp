// A whole podmedic whose Pod is ill, beside a server that speaks against the restart, and then for it.
#include "test/support/rehearsed_pod.hpp"
#include "test/support/scripted_server.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace podmedic {
namespace {

TEST(a_precondition, keeps_an_ill_pod_from_its_restart_until_it_holds) {
  boost::asio::io_context context{1};
  test::scripted_server capacity;
  test::temporary_directory directory;
  capacity.answer({{"status", 503}});
  test::rehearsed_pod pod(context, {.annotations = R"(    podmedic.io/mode: Enforce
    probe.podmedic.io/engine: |
      exec: {command: [/usr/bin/test, "!", -e, )" + directory.file("ill") +
                                                   R"(]}
      periodSeconds: 0.3
      failureThreshold: 1
    podmedic.io/policy: |
      backoff: {baseSeconds: 1, capSeconds: 1}
      warmUp: {maxSeconds: 0}
      shutdownGraceSeconds: 0
      drain: {settleSeconds: 0}
      preconditions:
        - http: {url: "http://127.0.0.1:)" + capacity.port() +
                                                   R"(/spare"}
)",
                                    .containers = "  - {name: engine, command: [sleep, \"1000\"]}\n"});
  ASSERT_TRUE(pod.runs_until([&] { return pod.ledger()["passedMilliseconds"].contains("engine"); }));
  EXPECT_EQ(capacity.requests().size(), 0U) << "nobody is asked while all is well";
  std::ofstream(directory.file("ill")) << "now\n";
  ASSERT_TRUE(pod.runs_until([&] { return pod.told("WaitingToRestart") > 0; }));
  EXPECT_EQ(pod.of().restarts_of_all(), 0);
  EXPECT_EQ(pod.told("Draining"), 0);
  ASSERT_EQ(capacity.requests().size(), 1U);
  EXPECT_EQ(capacity.requests()[0]["path"], "/spare");

  capacity.answer({{"status", 200}});
  ASSERT_TRUE(pod.runs_until([&] { return capacity.requests().size() > 1; }) || pod.runs_until([&] {
    return capacity.requests().size() > 1;
  })) << "it is asked again after half a minute";
  ASSERT_TRUE(pod.runs_until([&] { return pod.of().restarts_of_all() == 1; }));
  EXPECT_EQ(pod.told("WaitingToRestart"), 1) << "a refusal is told once";
}

}  // namespace
}  // namespace podmedic
