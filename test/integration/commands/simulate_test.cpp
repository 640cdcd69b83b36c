// The whole command: what docs/simulate.md shows, and what is wrong with what is given.
#include "test/support/directories.hpp"
#include "test/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace podmedic {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The line of docs/simulate.md that shows the command, without the program's name.
std::string documented_arguments() {
  std::istringstream page(content_of(test::source_directory() + "/docs/simulate.md"));
  constexpr std::string_view program = "podmedic ";
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("podmedic simulate")) return line.substr(program.size());
  }
  return {};
}

struct ended {
  int exit_code;
  std::string said;
};
/// In the source directory, as the documentation is read; with its errors where asked for.
ended podmedic(const std::string& arguments, bool errors = false) {
  const std::string command = "cd " + test::source_directory() + " && " + test::binary_directory() + "/podmedic " +
                              arguments + (errors ? " 2>&1 >/dev/null" : "");
  ended came{-1, {}};
  FILE* pipe = ::popen(command.c_str(), "r");
  char part[4096];
  for (std::size_t size = 0; (size = std::fread(part, 1, sizeof part, pipe)) > 0;) came.said.append(part, size);
  came.exit_code = WEXITSTATUS(::pclose(pipe));
  return came;
}

class simulate : public ::testing::Test {
 protected:
  std::string file(const std::string& text) {
    const std::string path = directory.path() + "/given.yaml";
    std::ofstream(path) << text;
    return path;
  }
  test::temporary_directory directory;
};

TEST_F(simulate, heals_the_documented_fleet_with_a_restart_for_each_replica_that_was_hit) {
  const ended came = podmedic(documented_arguments() + " --output json");
  EXPECT_EQ(came.exit_code, 0);
  const auto said = nlohmann::json::parse(came.said);
  EXPECT_EQ(said.size(), 8U);
  EXPECT_EQ(said["restarts_total"], 300);
  EXPECT_EQ(said["max_restarts_per_replica"], 1);
  EXPECT_EQ(said["peak_unavailable"], 300);
  EXPECT_EQ(said["invariant_violations"], 0);
  EXPECT_EQ(said["optimal_s"], 31 + 10 * (5 + 120 + 60)) << "ten groups of thirty";
  EXPECT_GE(said["time_to_heal_s"], 21 + 9 * (5 + 120 + 60 + 60)) << "a turn lasts until recovery is sure, and cools";
  EXPECT_LE(said["time_to_heal_s"], 31 + 10 * (5 + 120 + 60 + 60 + 75)) << "the next one looks once a minute";
  EXPECT_GT(said["api_requests_per_s"], 0);
  EXPECT_EQ(said["seed"], 1);
}

TEST_F(simulate, draws_three_lines) {
  const std::string picture = directory.path() + "/out.svg";
  EXPECT_EQ(podmedic("simulate --replicas 10 --hours 1 --fault wedge --plot " + picture).exit_code, 0);
  const std::string svg = content_of(picture);
  EXPECT_THAT(svg, StartsWith("<svg"));
  for (const char* name : {"podmedic", "liveness", "naive"}) {
    EXPECT_THAT(svg, HasSubstr(std::string("<path class=\"") + name + "\" d=\"M70.0 276.0H"))
        << "it begins where all serve";
  }
}

TEST_F(simulate, takes_probe_and_policy_from_a_pods_manifest) {
  const std::string pod = file(R"(
kind: Deployment
spec:
  template:
    metadata:
      annotations:
        podmedic.io/mode: Observe
        podmedic.io/policy: '{budget: {restarts: 1}}'
        probe.podmedic.io/logs: '{heartbeat: {file: /tmp/x, maxAgeSeconds: 60}, onFailure: Observe}'
        probe.podmedic.io/server: '{tcpSocket: {port: 80}, periodSeconds: 2, failureThreshold: 2}'
    spec: {containers: [{name: server}]}
)");
  const ended came = podmedic("simulate -f " + pod + " --hours 1 --without-api --fault leak:every=10m --output json");
  const auto said = nlohmann::json::parse(came.said);
  EXPECT_EQ(came.exit_code, 0);
  EXPECT_EQ(said["max_restarts_per_replica"], 1) << "the manifest's budget";
  EXPECT_EQ(said["optimal_s"], 2 * 2 + 1 + 5 + 30) << "the manifest's probe";
}

TEST_F(simulate, names_what_is_wrong_with_line_and_column_and_plays_nothing) {
  const ended policy = podmedic("simulate --fault wedge -f " + file("budget:\n  restart: 3\n"), true);
  EXPECT_EQ(policy.exit_code, 1);
  EXPECT_THAT(policy.said, HasSubstr("podmedic.io/policy, line 2, column 3, budget.restart: "));
  EXPECT_THAT(policy.said, HasSubstr("restarts"));
  EXPECT_THAT(podmedic("simulate --fault wegde", true).said, HasSubstr("did you mean wedge?"));
  EXPECT_THAT(podmedic("simulate", true).said, HasSubstr("needs --fault"));
  EXPECT_THAT(podmedic("simulate --fault wedge -f /no/such", true).said, HasSubstr("/no/such"));
  EXPECT_THAT(podmedic("simulate --fault wedge --warm-up 2h", true).said, HasSubstr("raise warmUp.maxSeconds"));
  EXPECT_THAT(podmedic("simulate --fault wedge --restart-takes 5", true).said, HasSubstr("expected a time as 90s"));
}

}  // namespace
}  // namespace podmedic
