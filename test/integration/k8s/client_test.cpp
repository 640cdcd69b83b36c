#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/http_client.hpp"
#include "k8s/event.hpp"
#include "k8s/eviction.hpp"
#include "k8s/pod.hpp"
#include "test/support/directories.hpp"
#include "test/support/run_coroutine.hpp"
#include "test/support/scripted_server.hpp"

#include <gtest/gtest.h>

namespace podmedic::k8s {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// A client in a Pod of the namespace "fleet", and a server in the place of the API server.
class api_client : public testing::Test {
 protected:
  static const test::test_authority& authority() {
    static const test::test_authority only;
    return only;
  }

  boost::asio::io_context context{1};
  http_client http{context};
  test::scripted_server server{&authority()};
  test::temporary_directory account;
  std::unique_ptr<client> api;

  api_client() {
    account.write("token", "first-token");
    account.write("namespace", "fleet");
    std::filesystem::copy_file(authority().file("ca.crt"), account.file("ca.crt"));
    ::setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1", 1);
    ::setenv("KUBERNETES_SERVICE_PORT", server.port().c_str(), 1);
    api = std::make_unique<client>(http, std::get<access>(find_access(account.path(), "/nowhere")));
  }

  static std::string object_text(const std::string& name) {
    const auto read = read_file(test::source_directory() + "/test/unit/k8s/objects/" + name, 1 << 20);
    return std::get<std::string>(read);
  }
  api_result<std::string> get(milliseconds timeout = 20s) {
    api_request request{.path = "/api/v1/namespaces/fleet/pods/engine-0", .verb = "get", .resource = "pods"};
    return test::run_coroutine(context, api->send(std::move(request), timeout));
  }
  api_failure get_and_fail(milliseconds timeout = 20s) {
    const auto result = get(timeout);
    const auto* failure = std::get_if<api_failure>(&result);
    EXPECT_NE(failure, nullptr);
    if (failure == nullptr) return {};
    EXPECT_EQ(failure->message.find("token"), std::string::npos) << failure->message;
    return *failure;
  }
};

TEST_F(api_client, asks_with_its_token_and_gives_the_answer) {
  server.answer({{"status", 200}, {"body", "{\"kind\": \"Pod\"}"}});
  EXPECT_EQ(std::get<std::string>(get()), "{\"kind\": \"Pod\"}");
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0]["method"], "GET");
  EXPECT_EQ(requests[0]["path"], "/api/v1/namespaces/fleet/pods/engine-0");
  EXPECT_EQ(requests[0]["headers"]["authorization"], "Bearer first-token");
  EXPECT_EQ(requests[0]["headers"]["accept"], "application/json");
}

TEST_F(api_client, uses_a_rotated_token_from_the_next_request_on) {
  get();
  account.write("token.new", "second-token");
  std::filesystem::rename(account.file("token.new"), account.file("token"));
  get();
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[1]["headers"]["authorization"], "Bearer second-token");
}

TEST_F(api_client, without_a_token_asks_nothing) {
  std::filesystem::remove(account.file("token"));
  const auto result = get();
  EXPECT_EQ(std::get<api_failure>(result).fault, api_fault::unavailable);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(api_client, tells_refusals_apart) {
  struct row {
    int status;
    std::string body;
    api_fault fault;
  };
  const row rows[] = {
      {401, "status_401.json", api_fault::denied},
      {403, "status_403.json", api_fault::denied},
      {404, "status_404.json", api_fault::not_found},
      {409, "status_409.json", api_fault::conflict},
  };
  for (const row& each : rows) {
    server.answer({{"status", each.status}, {"body", object_text(each.body)}});
    const auto result = get();
    EXPECT_EQ(std::get<api_failure>(result).fault, each.fault) << each.status;
  }
  server.answer({{"status", 429}, {"headers", {{"Retry-After", "7"}}}});
  EXPECT_EQ(get_and_fail().retry_after, 7s);
  server.answer({{"status", 500}, {"body", "etcd is away"}});
  EXPECT_EQ(get_and_fail().message, "get pods (GET /api/v1/namespaces/fleet/pods/engine-0): 500: etcd is away");
}

TEST_F(api_client, follows_no_redirect_with_its_token) {
  server.answer({{"status", 302}, {"headers", {{"Location", "https://127.0.0.1:" + server.port() + "/elsewhere"}}}});
  EXPECT_EQ(get_and_fail().fault, api_fault::unavailable);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(api_client, an_api_that_does_not_answer_is_unavailable_at_the_deadline) {
  server.answer({{"mode", "silent"}});
  EXPECT_EQ(get_and_fail(300ms).fault, api_fault::unavailable);
}

TEST_F(api_client, an_answer_without_an_end_is_cut_off) {
  server.answer({{"mode", "endless"}});
  EXPECT_EQ(get_and_fail().fault, api_fault::unavailable);
}

TEST_F(api_client, an_answer_may_be_as_long_as_the_bound_and_no_longer) {
  server.answer({{"status", 200}, {"body", std::string(client::max_answer_bytes, 'x')}});
  EXPECT_EQ(std::get<std::string>(get()).size(), client::max_answer_bytes);
  server.answer({{"status", 200}, {"body", std::string(client::max_answer_bytes + 1, 'x')}});
  EXPECT_EQ(get_and_fail().fault, api_fault::unavailable);
}

TEST_F(api_client, garbage_and_a_connection_that_ends_are_no_answers) {
  server.answer({{"mode", "garbage"}, {"body", "SSH-2.0-OpenSSH_9.2\r\n\r\n"}});
  EXPECT_EQ(get_and_fail().fault, api_fault::unavailable);
  server.answer({{"mode", "hang_up"}});
  EXPECT_EQ(get_and_fail().fault, api_fault::unavailable);
}

TEST_F(api_client, gives_its_token_to_nobody_whom_the_ca_does_not_know) {
  const test::test_authority another;
  const test::scripted_server impostor(&another);
  ::setenv("KUBERNETES_SERVICE_PORT", impostor.port().c_str(), 1);
  api = std::make_unique<client>(http, std::get<access>(find_access(account.path(), "/nowhere")));
  EXPECT_EQ(get_and_fail().fault, api_fault::unavailable);
  EXPECT_TRUE(impostor.requests().empty());
}

TEST_F(api_client, reads_its_pod) {
  server.answer({{"status", 200}, {"body", object_text("pod.json")}});
  const auto pod = test::run_coroutine(context, read_pod(*api, "engine-0", "podmedic", 88, 20s));
  ASSERT_TRUE(std::holds_alternative<pod_facts>(pod));
  EXPECT_EQ(std::get<pod_facts>(pod).rule, restart_rule::present);
  EXPECT_EQ(server.requests()[0]["path"], "/api/v1/namespaces/fleet/pods/engine-0");
}

TEST_F(api_client, an_answer_that_is_no_pod_is_none) {
  server.answer({{"status", 200}, {"body", "<html>captive portal</html>"}});
  const auto pod = test::run_coroutine(context, read_pod(*api, "engine-0", "podmedic", 88, 20s));
  EXPECT_EQ(std::get<api_failure>(pod).message,
            "get pods (GET /api/v1/namespaces/fleet/pods/engine-0): the answer is no Pod");
}

TEST_F(api_client, writes_the_last_restart_into_one_annotation_of_the_very_pod) {
  const auto done =
      test::run_coroutine(context, annotate_last_restart(*api, "engine-0", "ed56b395", "{\"cause\": \"engine\"}", 20s));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(done));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0]["method"], "PATCH");
  EXPECT_EQ(requests[0]["headers"]["content-type"], "application/merge-patch+json");
  EXPECT_EQ(
      json::parse(requests[0]["body"].get<std::string>()),
      (json{{"metadata",
             {{"uid", "ed56b395"}, {"annotations", {{"podmedic.io/last-restart", "{\"cause\": \"engine\"}"}}}}}}));
}

TEST_F(api_client, publishes_an_event) {
  server.answer({{"status", 201}});
  pod_event event{.reason = "ProbeFailed", .note = "engine: no answer"};
  const auto done = test::run_coroutine(context, publish_event(*api, "engine-0", "ed56b395", std::move(event), 20s));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(done));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0]["method"], "POST");
  EXPECT_EQ(requests[0]["path"], "/apis/events.k8s.io/v1/namespaces/fleet/events");
  EXPECT_EQ(requests[0]["headers"]["content-type"], "application/json");
  EXPECT_EQ(json::parse(requests[0]["body"].get<std::string>())["reason"], "ProbeFailed");
}

TEST_F(api_client, asks_for_the_eviction_of_the_very_pod) {
  server.answer({{"status", 201}});
  const auto done = test::run_coroutine(context, evict_pod(*api, "engine-0", "ed56b395", 20s));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(done));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0]["method"], "POST");
  EXPECT_EQ(requests[0]["path"], "/api/v1/namespaces/fleet/pods/engine-0/eviction");
  EXPECT_EQ(json::parse(requests[0]["body"].get<std::string>())["deleteOptions"]["preconditions"]["uid"], "ed56b395");
}

TEST_F(api_client, tells_a_refused_eviction_from_one_that_it_has_no_right_to) {
  const std::string budget = R"({"kind": "Status", "message": "Cannot evict pod as it would violate the budget."})";
  server.answer({{"status", 429}, {"body", budget}});
  const auto refused = test::run_coroutine(context, evict_pod(*api, "engine-0", "ed56b395", 20s));
  EXPECT_EQ(std::get<api_failure>(refused).fault, api_fault::throttled);
  EXPECT_NE(std::get<api_failure>(refused).message.find("would violate the budget"), std::string::npos);
  server.answer({{"status", 403}});
  const auto denied = test::run_coroutine(context, evict_pod(*api, "engine-0", "ed56b395", 20s));
  EXPECT_EQ(std::get<api_failure>(denied).fault, api_fault::denied);
  EXPECT_NE(std::get<api_failure>(denied).message.find("a Role must grant create on pods/eviction"), std::string::npos);
}

TEST_F(api_client, asks_for_no_eviction_of_a_pod_whose_uid_it_does_not_know) {
  const auto done = test::run_coroutine(context, evict_pod(*api, "engine-0", "", 20s));
  EXPECT_EQ(std::get<api_failure>(done).fault, api_fault::rejected);
  EXPECT_TRUE(server.requests().empty());
}

}  // namespace
}  // namespace podmedic::k8s
