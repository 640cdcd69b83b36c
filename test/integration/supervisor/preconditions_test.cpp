// Preconditions asked of a real http server and of a real Prometheus, with an alert that really fires.
#include "supervisor/preconditions.hpp"

#include "base/clock.hpp"
#include "test/support/run_coroutine.hpp"
#include "test/support/scripted_server.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <fstream>

namespace podmedic {
namespace {

using namespace std::chrono_literals;
using answered = policy::event::preconditions_answered;
using answer = answered::answer;
using testing::HasSubstr;

/// What the entries of `preconditions` hear, given as YAML.
std::vector<answered::one> hear(const std::string& entries) {
  const config::configuration read = config::parse({{"podmedic.io/policy", "preconditions: [" + entries + "]"}});
  for (const mistake& each : read.found) ADD_FAILURE() << each.to_text();
  boost::asio::io_context context{1};
  http_client http(context);
  return test::run_coroutine(context, ask_preconditions(http, read.preconditions)).each;
}

class an_http_precondition : public testing::Test {
 protected:
  answered::one heard(const nlohmann::json& script, const std::string& fields = "", const std::string& more = "") {
    server_.answer(script);
    return hear("{http: {url: \"http://127.0.0.1:" + server_.port() + "/slow\"" + fields + "}" + more + "}").at(0);
  }
  test::scripted_server server_;
};

TEST_F(an_http_precondition, holds_by_status_and_body) {
  const auto with = [](int status, const std::string& body) {
    return nlohmann::json{{"status", status}, {"body", body}, {"seconds", 0}};
  };
  EXPECT_EQ(heard(with(200, "spare: 3")).found, answer::holds);
  EXPECT_EQ(heard(with(503, "")).found, answer::refuses);
  EXPECT_EQ(heard(with(302, "")).found, answer::refuses);
  EXPECT_EQ(heard(with(200, "spare: 3"), ", bodyContains: \"spare: 3\"").found, answer::holds);
  EXPECT_EQ(heard(with(200, "spare: 0"), ", bodyContains: \"spare: 3\"").found, answer::refuses);
  EXPECT_THAT(heard(with(503, "")).message, HasSubstr("/slow: status 503"));
}

TEST_F(an_http_precondition, that_gives_no_whole_answer_is_silent) {
  EXPECT_EQ(heard({{"mode", "silent"}, {"seconds", 0}}, "", ", timeoutSeconds: 0.3").found, answer::silent);
  EXPECT_EQ(heard({{"mode", "garbage"}, {"body", "hello"}, {"seconds", 0}}).found, answer::silent);
  EXPECT_EQ(hear("{http: {url: \"http://127.0.0.1:1/\"}}").at(0).found, answer::silent) << "nobody listens";
}

TEST_F(an_http_precondition, ends_an_answer_without_end_once_it_has_what_it_looks_for) {
  EXPECT_EQ(heard({{"mode", "endless"}, {"seconds", 0}}, ", bodyContains: xxx").found, answer::holds);
}

TEST_F(an_http_precondition, for_which_no_time_is_left_is_silent) {
  server_.answer({{"status", 200}, {"seconds", 6}});
  const std::string slow = "{http: {url: \"http://127.0.0.1:" + server_.port() + "/slow\"}, timeoutSeconds: 10}";
  const std::vector<answered::one> all = hear(slow + "," + slow + "," + slow);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].found, answer::holds);
  EXPECT_EQ(all[1].found, answer::silent);
  EXPECT_EQ(all[2].found, answer::silent);
}

/// Debian's Prometheus, with one alert that fires and one that does not.
class a_prometheus {
 public:
  a_prometheus() {
    directory_.write("rules.yaml", R"(
groups:
  - name: test
    interval: 200ms
    rules:
      - {alert: NodeDown, expr: 'vector(1)'}
      - {alert: DiskFull, expr: 'vector(1) == 0'}
)");
    directory_.write("prometheus.yaml", "rule_files: [rules.yaml]\n");
    for (int attempt = 0; attempt < 5 && port_.empty(); ++attempt)
      start(std::to_string(20'000 + ::getpid() % 9'000 + attempt));
    if (port_.empty()) throw std::runtime_error("Prometheus did not start: is Debian's package there?");
  }
  std::string with(const std::string& fields, const std::string& more = "") const {
    return "{prometheus: {url: \"http://127.0.0.1:" + port_ + "\", " + fields + "}" + more + "}";
  }
  void stop() { process_->stop(); }
  /// From now on, once it has read its rules again, no alert fires.
  void heal() {
    directory_.write("rules.yaml", "groups: []\n");
    ::kill(process_->pid(), SIGHUP);
  }

 private:
  void start(const std::string& port) {
    process_ = std::make_unique<test::child_process>(
        std::vector<std::string>{"/bin/sh", "-c", "exec prometheus \"$@\" 2>" + directory_.file("log"), "prometheus",
                                 "--config.file=" + directory_.file("prometheus.yaml"),
                                 "--storage.tsdb.path=" + directory_.file("data"),
                                 "--web.listen-address=127.0.0.1:" + port},
        std::vector{"PATH=" + std::string(std::getenv("PATH"))});
    const bool up = test::holds_soon([&] {
      std::ifstream log(directory_.file("log"));
      const std::string all{std::istreambuf_iterator<char>(log), {}};
      return all.find("ready to receive web requests") != std::string::npos;
    });
    if (up) port_ = port;
  }

  test::temporary_directory directory_;
  std::unique_ptr<test::child_process> process_;
  std::string port_;
};

TEST(a_prometheus_precondition, hears_of_the_alerts_that_fire_and_of_what_a_query_finds) {
  a_prometheus prometheus;
  answered::one fires;
  EXPECT_TRUE(test::holds_soon([&] {
    fires = hear(prometheus.with("noAlert: \"Node.*|CapacityLow\"")).at(0);
    return fires.found == answer::refuses;
  })) << fires.message;
  EXPECT_THAT(fires.message, HasSubstr("alert NodeDown"));
  EXPECT_EQ(hear(prometheus.with("noAlert: DiskFull")).at(0).found, answer::holds);
  EXPECT_EQ(hear(prometheus.with("noAlert: Node")).at(0).found, answer::holds) << "the whole name has to match";
  EXPECT_EQ(hear(prometheus.with("query: \"vector(4) >= 3\"")).at(0).found, answer::holds);
  EXPECT_EQ(hear(prometheus.with("query: \"vector(2) >= 3\"")).at(0).found, answer::refuses);
  EXPECT_EQ(hear(prometheus.with("query: \"vector(2) >= bool 3\"")).at(0).found, answer::refuses);
  EXPECT_EQ(hear(prometheus.with("query: nobody_has_heard_of_it")).at(0).found, answer::refuses);
  EXPECT_EQ(hear(prometheus.with("query: \"1\"")).at(0).found, answer::silent) << "a scalar";
  const answered::one wrong = hear(prometheus.with("query: \"sum(\"")).at(0);
  EXPECT_EQ(wrong.found, answer::silent);
  EXPECT_THAT(wrong.message, HasSubstr("status 400"));
  EXPECT_THAT(wrong.message, HasSubstr("parse error"));
  const answered::one no_expression = hear(prometheus.with("noAlert: \"(\"")).at(0);
  EXPECT_EQ(no_expression.found, answer::silent) << no_expression.message;

  prometheus.heal();
  EXPECT_TRUE(
      test::holds_soon([&] { return hear(prometheus.with("noAlert: NodeDown")).at(0).found == answer::holds; }));
  prometheus.stop();
  EXPECT_EQ(hear(prometheus.with("noAlert: NodeDown")).at(0).found, answer::silent);
}

}  // namespace
}  // namespace podmedic
