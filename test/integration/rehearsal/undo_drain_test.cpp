// A real Envoy beside a container that podmedic restarts: in traffic it is never left failing its health check.
#ifdef PODMEDIC_ENVOY
#include "base/http_client.hpp"
#include "test/integration/rehearsal/rehearsed_example.hpp"
#include "test/support/envoy.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/rehearsed_pod.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

namespace podmedic {
namespace {

/// An Envoy with its preset, and a container `engine` that is well while the file `well` is there.
class envoy_beside : public testing::Test {
 protected:
  void start(const std::string& settle_seconds) {
    const auto [listener, admin] = two_free_ports();
    listener_ = listener;
    directory_.write("envoy.yaml", test::envoy_configuration(listener_, admin, admin));
    become(true);
    const std::string annotations = R"(    podmedic.io/mode: Enforce
    podmedic.io/preset: '{envoy: {port: )" +
                                    listener_ + ", adminPort: " + admin + R"(}}'
    probe.podmedic.io/engine: |
      exec: {command: [/usr/bin/test, -e, )" +
                                    well() + R"(]}
      container: engine
      onFailure: RestartContainer
      periodSeconds: 0.2
      failureThreshold: 1
    podmedic.io/policy: |
      backoff: {baseSeconds: 1, capSeconds: 2}
      budget: {restarts: 1}
      warmUp: {maxSeconds: 1}
      shutdownGraceSeconds: 0
      drain: {settleSeconds: )" + settle_seconds +
                                    "}\n";
    const std::string containers =
        "  - {name: engine, command: [sleep, \"1000\"]}\n"
        "  - {name: envoy, command: [" PODMEDIC_ENVOY ", -c, " +
        directory_.file("envoy.yaml") + ", --concurrency, \"1\", --disable-hot-restart, -l, error]}\n";
    pod_.emplace(context_, test::rehearsed_pod::description{.annotations = annotations, .containers = containers});
    ASSERT_TRUE(test::holds_soon([&] { return health() == 200; }));
    ASSERT_TRUE(pod_->runs_until([&] { return pod_->ledger()["passedMilliseconds"].contains("engine"); }));
  }
  void become(bool well_now) const {
    if (well_now) {
      std::ofstream(well()) << "yes\n";
    } else {
      std::filesystem::remove(well());
    }
  }
  /// What Envoy answers to a load balancer's health check; 0: nothing.
  int health() {
    http_request request;
    request.url = "http://127.0.0.1:" + listener_ + "/healthz";
    request.fresh = true;
    const http_result found = test::run_coroutine(context_, http_.send(std::move(request)));
    const auto* answer = std::get_if<http_response>(&found);
    return answer == nullptr ? 0 : answer->status;
  }
  bool soon(int status) {
    return test::holds_soon([&] { return health() == status; });
  }

  boost::asio::io_context context_{1};
  http_client http_{context_};
  test::temporary_directory directory_;
  std::string listener_;
  std::optional<test::rehearsed_pod> pod_;

 private:
  static std::pair<std::string, std::string> two_free_ports() {
    const std::array<test::held_port, 2> held;
    return {held[0].number(), held[1].number()};
  }
  std::string well() const { return directory_.file("well"); }
};

TEST_F(envoy_beside, passes_its_health_check_again_where_the_restart_did_not_help_and_podmedic_holds) {
  start("0.5");
  become(false);
  EXPECT_TRUE(soon(503)) << "it is drained";
  ASSERT_TRUE(pod_->runs_until([&] { return pod_->told("Holding") == 1; }));
  EXPECT_TRUE(soon(200));
  EXPECT_EQ(pod_->starts("engine"), 2);
  EXPECT_EQ(pod_->starts("envoy"), 1) << "the Envoy that heard the Drain hooks";
  EXPECT_EQ(pod_->told("Recovered"), 0);
}

TEST_F(envoy_beside, passes_its_health_check_as_soon_as_its_neighbour_is_well_again_long_before_recovery) {
  start("0.5");
  become(false);
  ASSERT_TRUE(pod_->runs_until([&] { return pod_->starts("engine") == 2; }));
  EXPECT_EQ(health(), 503) << "its neighbour is not well yet";
  become(true);
  EXPECT_TRUE(soon(200));
  EXPECT_EQ(pod_->told("Recovered"), 0);
}

TEST_F(envoy_beside, passes_its_health_check_again_where_podmedic_was_killed_in_the_middle_of_the_drain) {
  start("30");
  become(false);
  ASSERT_TRUE(soon(503));
  become(true);
  pod_->of().signal("podmedic", SIGKILL);
  EXPECT_TRUE(soon(200));
  EXPECT_EQ(pod_->starts("podmedic"), 2);
  EXPECT_EQ(pod_->starts("engine"), 1);
}

}  // namespace
}  // namespace podmedic
#endif
