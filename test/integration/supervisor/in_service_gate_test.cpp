// The condition podmedic.io/InService against a server in the place of the API server.
#include "supervisor/in_service_gate.hpp"
#include "base/clock.hpp"
#include "base/http_client.hpp"
#include "k8s/access.hpp"
#include "test/support/scripted_server.hpp"

#include <gmock/gmock.h>

namespace podmedic {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class a_gate : public testing::Test {
 protected:
  a_gate() {
    account_.write("token", "a-token");
    account_.write("namespace", "fleet");
    std::filesystem::copy_file(authority().file("ca.crt"), account_.file("ca.crt"));
    ::setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1", 1);
    ::setenv("KUBERNETES_SERVICE_PORT", server_.port().c_str(), 1);
    api_.emplace(http_, std::get<k8s::access>(k8s::find_access(account_.path(), "/nowhere")));
    gate_.emplace(context_, *api_, "engine-0", [this](bool wanted, const std::string& why) {
      told_.push_back((wanted ? "True: " : "False: ") + why);
    });
  }
  static const test::test_authority& authority() {
    static const test::test_authority only;
    return only;
  }
  template <class Condition>
  bool comes(Condition holds) {
    for (const instant end = boot_now() + 20s; boot_now() < end;) {
      if (holds()) return true;
      context_.run_for(10ms);
    }
    return false;
  }
  void let_be() { context_.run_for(300ms); }
  std::vector<std::string> set_to() const {
    std::vector<std::string> all;
    for (const auto& request : server_.requests()) {
      const auto body = nlohmann::json::parse(request["body"].get<std::string>());
      all.push_back(body["status"]["conditions"][0]["status"]);
    }
    return all;
  }

  boost::asio::io_context context_{1};
  http_client http_{context_};
  test::scripted_server server_{&authority()};
  test::temporary_directory account_;
  std::optional<k8s::client> api_;
  std::vector<std::string> told_;
  std::optional<in_service_gate> gate_;
};

TEST_F(a_gate, is_set_by_a_patch_of_the_own_pods_status_that_touches_no_other_condition) {
  gate_->want(true);
  gate_->found(true, std::nullopt, "uid-1");
  ASSERT_TRUE(comes([&] { return gate_->state() == "True"; }));
  const auto requests = server_.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0]["method"], "PATCH");
  EXPECT_EQ(requests[0]["path"], "/api/v1/namespaces/fleet/pods/engine-0/status");
  EXPECT_EQ(requests[0]["headers"]["content-type"], "application/strategic-merge-patch+json");
  const auto body = nlohmann::json::parse(requests[0]["body"].get<std::string>());
  EXPECT_EQ(body["metadata"], (nlohmann::json{{"uid", "uid-1"}}));
  ASSERT_EQ(body["status"]["conditions"].size(), 1u);
  EXPECT_EQ(body["status"]["conditions"][0]["type"], "podmedic.io/InService");
  EXPECT_EQ(body["status"]["conditions"][0]["status"], "True");
}

TEST_F(a_gate, that_the_pod_does_not_have_is_never_set) {
  gate_->want(true);
  gate_->found(false, std::nullopt, "uid-1");
  gate_->want(false);
  let_be();
  EXPECT_THAT(server_.requests(), IsEmpty());
  EXPECT_EQ(gate_->state(), "");
}

TEST_F(a_gate, that_already_is_as_wanted_is_not_set_again_and_is_when_somebody_changes_it) {
  gate_->want(true);
  gate_->found(true, true, "uid-1");
  let_be();
  EXPECT_THAT(server_.requests(), IsEmpty());
  gate_->found(true, false, "uid-1");
  ASSERT_TRUE(comes([&] { return gate_->state() == "True"; }));
  EXPECT_THAT(set_to(), ElementsAre("True"));
}

TEST_F(a_gate, follows_every_change_of_mind) {
  gate_->found(true, true, "uid-1");
  for (const bool wanted : {false, true, false}) {
    gate_->want(wanted);
    ASSERT_TRUE(comes([&] { return gate_->state() == (wanted ? "True" : "False"); }));
  }
  EXPECT_THAT(set_to(), ElementsAre("False", "True", "False"));
}

TEST_F(a_gate, without_the_right_says_so_once_and_tries_on_until_it_holds) {
  server_.answer({{"status", 403}, {"body", R"({"kind": "Status", "message": "pods is forbidden"})"}});
  gate_->want(true);
  gate_->found(true, std::nullopt, "uid-1");
  ASSERT_TRUE(comes([&] { return server_.requests().size() >= 3; }));
  EXPECT_THAT(told_, ElementsAre(testing::AllOf(testing::StartsWith("True: "), HasSubstr("pods/status"))));
  EXPECT_THAT(gate_->state(), HasSubstr("pods/status"));
  server_.answer({{"status", 200}});
  ASSERT_TRUE(comes([&] { return gate_->state() == "True"; }));
  EXPECT_EQ(told_.back(), "True: ");
  EXPECT_EQ(told_.size(), 2u);
}

TEST_F(a_gate, of_an_api_that_is_away_for_a_moment_is_not_worth_a_word) {
  server_.answer({{"mode", "hang_up"}});
  gate_->want(true);
  gate_->found(true, std::nullopt, "uid-1");
  ASSERT_TRUE(comes([&] { return server_.requests().size() >= 1; }));
  server_.answer({{"status", 200}});
  ASSERT_TRUE(comes([&] { return gate_->state() == "True"; }));
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(a_gate, of_a_pod_that_may_not_be_read_is_set_in_doubt) {
  gate_->want(true);
  gate_->may_have_gate();
  ASSERT_TRUE(comes([&] { return gate_->state() == "True"; }));
  EXPECT_THAT(set_to(), ElementsAre("True"));
}

}  // namespace
}  // namespace podmedic
