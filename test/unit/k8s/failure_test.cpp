#include "k8s/failure.hpp"

#include "base/files.hpp"
#include "test/support/directories.hpp"

#include <gtest/gtest.h>

namespace podmedic::k8s {
namespace {

using namespace std::chrono_literals;

std::string object_text(const std::string& name) {
  const auto read = read_file(test::source_directory() + "/test/unit/k8s/objects/" + name, 1 << 20);
  return std::get<std::string>(read);
}

const api_request get_pod{.path = "/api/v1/namespaces/fleet/pods/engine-0", .verb = "get", .resource = "pods"};
const std::string asked = "get pods (GET /api/v1/namespaces/fleet/pods/engine-0): ";

api_failure explain(int status, const std::string& body, const std::string& retry_after = {}) {
  http_response response{.status = status, .headers = {}, .body = body};
  if (!retry_after.empty()) response.headers = {{"retry-after", retry_after}};
  return explain_answer(get_pod, response, "secret-token");
}

TEST(api_failure, tells_by_the_status_what_can_be_done) {
  struct row {
    int status;
    api_fault fault;
  };
  const row rows[] = {
      {400, api_fault::rejected},    {401, api_fault::denied},      {403, api_fault::denied},
      {404, api_fault::not_found},   {409, api_fault::conflict},    {410, api_fault::rejected},
      {415, api_fault::rejected},    {422, api_fault::rejected},    {429, api_fault::throttled},
      {500, api_fault::unavailable}, {503, api_fault::unavailable}, {504, api_fault::unavailable},
      {302, api_fault::unavailable},  // not the API: something in between
      {101, api_fault::unavailable}, {0, api_fault::unavailable},
  };
  for (const row& each : rows) EXPECT_EQ(explain(each.status, "").fault, each.fault) << each.status;
}

TEST(api_failure, names_the_right_that_is_missing_and_what_the_api_said) {
  EXPECT_EQ(explain(403, object_text("status_403.json")).message,
            asked +
                "403, a Role must grant get on pods: pods \"engine-0\" is forbidden: User "
                "\"system:serviceaccount:fleet:nobody\" cannot get resource \"pods\" in API group \"\" in the "
                "namespace \"fleet\"");
  EXPECT_EQ(explain(401, object_text("status_401.json")).message,
            asked + "401, the API does not accept the token: Unauthorized");
  EXPECT_EQ(explain(404, object_text("status_404.json")).message, asked + "404: pods \"engine-9\" not found");
}

TEST(api_failure, waits_as_long_as_the_api_asks_for_within_reason) {
  struct row {
    int status;
    std::string header;
    std::optional<milliseconds> wait;
  };
  const row rows[] = {
      {429, "7", 7s},
      {429, "0", 1s},  // never at once
      {429, "", 1s},   // the default
      {429, "soon", 1s},
      {429, "-5", 1s},
      {429, "99999999999999999999", 1s},           // no int
      {429, "2147483647", 600s},                   // nobody waits for 68 years
      {429, "Wed, 21 Oct 2015 07:28:00 GMT", 1s},  // the form with a date is not used by the API server
      {503, "3", 3s},
      {503, "", std::nullopt},
      {500, "3", std::nullopt},
  };
  for (const row& each : rows) EXPECT_EQ(explain(each.status, "", each.header).retry_after, each.wait) << each.header;
}

TEST(api_failure, is_one_short_line_without_the_token_whatever_the_server_says) {
  const std::string bodies[] = {
      R"({"kind": "Status", "message": "you sent Bearer secret-token, and again secret-token"})",
      "secret-token",
      "a\nb\x1b[31m\xff"
      "secret-token",
      R"({"message": 7, "secret-token": "secret-token"})",
      std::string(100'000, 'x') + "secret-token",
      std::string(295, 'x') + "secret-token",  // must not be cut in the middle of the token
      std::string(100'000, '['),
  };
  for (const std::string& body : bodies) {
    const std::string message = explain(500, body).message;
    EXPECT_EQ(message.find("secret-tok"), std::string::npos) << message;
    EXPECT_EQ(message.find_first_of("\n\x1b"), std::string::npos) << message;
    EXPECT_LT(message.size(), 500u);
  }
}

TEST(api_failure, without_an_answer_the_api_is_unavailable) {
  const api_failure failure = explain_silence(get_pod, {http_fault::refused, "connection refused"});
  EXPECT_EQ(failure.fault, api_fault::unavailable);
  EXPECT_EQ(failure.message, asked + "connection refused");
}

}  // namespace
}  // namespace podmedic::k8s
