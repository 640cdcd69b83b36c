// A whole podmedic whose server answers its probe after the restart, and answers badly for a while.
#include "test/support/rehearsed_pod.hpp"
#include "test/support/scripted_server.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace podmedic {
namespace {

TEST(a_restart, counts_as_recovered_once_the_error_ratio_is_as_it_should_be) {
  boost::asio::io_context context{1};
  test::scripted_server server;
  test::temporary_directory directory;
  const auto has_errors = [&](int of_a_hundred) {
    server.answer(
        {{"status", 200}, {"body", "errors_total " + std::to_string(of_a_hundred) + "\nrequests_total 100\n"}});
  };
  has_errors(40);
  const std::string ill = directory.file("ill");
  test::rehearsed_pod pod(context, {.annotations = R"(    podmedic.io/mode: Enforce
    probe.podmedic.io/engine: |
      exec: {command: [/usr/bin/test, "!", -e, )" + ill +
                                                   R"(]}
      periodSeconds: 0.3
      failureThreshold: 1
    podmedic.io/policy: |
      backoff: {baseSeconds: 1, capSeconds: 1}
      warmUp: {maxSeconds: 0}
      shutdownGraceSeconds: 0
      drain: {settleSeconds: 0}
      success:
        stableSeconds: 1
        metrics: [{port: )" + server.port() +
                                                   R"(, metric: errors_total, per: requests_total, atMost: 0.01}]
)",
                                    .containers = "  - {name: engine, command: [/bin/sh, -c, \"rm -f " + ill +
                                                  "; sleep 1000\"]}\n"});
  const auto outcome = [&] {
    const nlohmann::json restarts = pod.ledger()["restarts"];
    return restarts.empty() ? std::string() : restarts[0]["outcome"].get<std::string>();
  };
  ASSERT_TRUE(pod.runs_until([&] { return pod.ledger()["passedMilliseconds"].contains("engine"); }));
  EXPECT_EQ(server.requests().size(), 0U) << "nothing is read while all is well";
  std::ofstream(ill) << "now\n";
  ASSERT_TRUE(pod.runs_until([&] { return pod.told("NotRecoveredYet") > 0; }));
  EXPECT_EQ(outcome(), "Pending");
  EXPECT_EQ(server.requests().back()["path"], "/metrics");
  has_errors(1);
  ASSERT_TRUE(pod.runs_until([&] { return outcome() == "Recovered"; }));
  const nlohmann::json entry = pod.ledger()["restarts"][0];
  EXPECT_EQ(entry["metricsBefore"]["errors_total / requests_total"], 0.4);
  EXPECT_EQ(entry["metricsAfter"]["errors_total / requests_total"], 0.01);
  EXPECT_TRUE(entry.contains("latencyBefore") && entry.contains("latencyAfter"));
  EXPECT_TRUE(entry.contains("containersUpMilliseconds"));
  EXPECT_EQ(pod.of().restarts_of_all(), 1);
}

}  // namespace
}  // namespace podmedic
