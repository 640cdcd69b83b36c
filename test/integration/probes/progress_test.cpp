#include "test/integration/probes/a_probe.hpp"
#include "test/support/inference_server.hpp"
#include "test/support/scripted_server.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace podmedic::probes {
namespace {

using std::chrono::steady_clock;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

/// A real process with an engine thread, and metrics by Prometheus' client library for Python.
class progress_probe : public a_probe {
 protected:
  static std::string metrics(const std::string& port, const std::string& more = "",
                             const std::string& path = "/metrics") {
    return "{progress: {url: \"http://127.0.0.1:" + port + path +
           "\", pending: \"vllm:num_requests_running\", counter: \"vllm:iteration_tokens_total_count\"" + more + "}}";
  }
};

TEST_F(progress_probe, fails_where_the_engine_is_stuck_on_a_lock_while_health_and_metrics_answer) {
  test::inference_server server{{"work", 3}, {"tokens", 50}};
  const auto made = make(metrics(server.port(), ", stalledSeconds: 1.5"));
  EXPECT_EQ(ask_for(*made, 500ms), "Pass");
  server.order({{"stuck", true}});
  const auto stuck = steady_clock::now();
  EXPECT_THAT(
      ask_until(*made, "Fail"),
      AllOf(StartsWith("Fail NoProgress: 3 pending (vllm:num_requests_running), and "), HasSubstr("has not moved")));
  const auto took = steady_clock::now() - stuck;
  EXPECT_GE(took, 1400ms);
  EXPECT_THAT(ask_once("{http: {port: " + server.port() + ", path: /health}}"), StartsWith("Pass"));
  // The lock is let go: it passes with the first token.
  server.order({{"stuck", false}});
  EXPECT_THAT(ask_until(*made, "Pass"), StartsWith("Pass: 3 pending"));
}

TEST_F(progress_probe, passes_where_the_server_is_idle_or_busy_or_in_a_long_prefill) {
  test::inference_server server;
  const auto made = make(metrics(server.port(), ", stalledSeconds: 1.2"));
  EXPECT_EQ(ask(*made), "Pass: idle");  // the metric is there, and nothing has happened yet
  EXPECT_EQ(ask_for(*made, 1400ms), "Pass");
  server.order({{"work", 20}});  // the queue is full, and one token after the other is made
  EXPECT_EQ(ask_for(*made, 1400ms), "Pass");
  server.order({{"work", 1}, {"prefill", 0.8}});
  EXPECT_EQ(ask_for(*made, 2000ms), "Pass");
}

TEST_F(progress_probe, begins_anew_where_the_server_was_restarted) {
  test::inference_server server{{"work", 2}};
  const auto made = make(metrics(server.port(), ", stalledSeconds: 1.5"));
  EXPECT_EQ(ask_for(*made, 300ms), "Pass");
  server.order({{"stuck", true}});
  EXPECT_THAT(ask_until(*made, "Fail"), StartsWith("Fail NoProgress"));
  server.stop();
  EXPECT_THAT(ask(*made), AllOf(StartsWith("Unknown MetricsNotRead: "), HasSubstr("connection refused")));
  // The new one is stuck before its first token: that is not held against it before its own time is over.
  server.start();
  const auto started = steady_clock::now();
  EXPECT_EQ(ask_for(*made, 1000ms), "Pass");
  EXPECT_THAT(ask_until(*made, "Fail"), StartsWith("Fail NoProgress"));
  EXPECT_GE(steady_clock::now() - started, 1400ms);
}

TEST_F(progress_probe, knows_nothing_where_the_endpoint_is_slow_or_wrong_or_lacks_the_metric) {
  const test::inference_server server{{"metrics", 2}};
  EXPECT_THAT(ask_once(metrics(server.port()), 300ms), StartsWith("Unknown MetricsNotRead: "));
  const std::string health = "http://127.0.0.1:" + server.port() + "/health";
  EXPECT_EQ(ask_once(metrics(server.port(), "", "/health")),
            "Unknown MetricMissing: " + health + ": there is no vllm:num_requests_running");
  EXPECT_THAT(ask_once(metrics(server.port(), "", "/nothing")), AllOf(StartsWith("Unknown"), HasSubstr("status 404")));
}

TEST_F(progress_probe, adds_up_lists_and_label_sets) {
  const test::scripted_server server;
  server.answer({{"status", 200}, {"body", "r{m=\"a\"} 1\nr{m=\"b\"} 2\nw 4\nc_total 8\nd_total 16\n"}});
  const auto of = [&](const std::string& fields) {
    return ask_once("{progress: {port: " + server.port() + ", " + fields + "}}");
  };
  EXPECT_EQ(of("pending: [r, w], counter: [c_total, d_total]"), "Pass: 7 pending (r, w), c_total, d_total at 8,16");
  EXPECT_EQ(of("pending: 'r{m=\"b\"}', counter: c_total"), "Pass: 2 pending (r{m=\"b\"}), c_total at 8");
  EXPECT_EQ(server.requests().back()["path"], "/metrics");
  EXPECT_THAT(std::string(server.requests().back()["headers"]["accept"]), StartsWith("text/plain;version=0.0.4"));
}

std::size_t kilobytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoul(line.substr(name.size() + 1));
  }
  return 0;
}

TEST_F(progress_probe, reads_5_mb_of_metrics_in_bounded_memory) {
  std::vector<std::string> samples;
  around.on_sample = [&](const std::string& sample) { samples.push_back(sample); };
  const test::inference_server server;
  const auto made = make(metrics(server.port(), "", "/metrics?filler"));
  EXPECT_EQ(ask(*made, 20s), "Pass: idle");     // libraries have loaded what they need
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak is measured from here on (proc(5))
  const std::size_t before = kilobytes("VmHWM");
  const auto began = steady_clock::now();
  EXPECT_EQ(ask(*made, 20s), "Pass: idle");
  const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
  const std::size_t grown = kilobytes("VmHWM") - before;
  RecordProperty("grown_kb", static_cast<int>(grown));
  RecordProperty("took_ms", static_cast<int>(took.count()));
  EXPECT_LT(grown, 1024u) << "kB, for 5 MB";
}

}  // namespace
}  // namespace podmedic::probes
