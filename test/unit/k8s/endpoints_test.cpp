#include "k8s/endpoints.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmedic::k8s {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string endpoint(const std::string& pod, bool serving, bool terminating = false) {
  return R"({"addresses": ["10.0.0.1"], "conditions": {"ready": )" + std::string(serving ? "true" : "false") +
         R"(, "serving": )" + (serving ? "true" : "false") + R"(, "terminating": )" + (terminating ? "true" : "false") +
         R"(}, "targetRef": {"kind": "Pod", "name": ")" + pod + R"(", "uid": "u"}})";
}
std::string slice(const std::string& service, const std::string& endpoints) {
  return R"({"metadata": {"labels": {"kubernetes.io/service-name": ")" + service + R"("}}, "endpoints": [)" +
         endpoints + "]}";
}
std::string list(const std::string& items) {
  return R"({"kind": "EndpointSliceList", "apiVersion": "discovery.k8s.io/v1", "items": [)" + items + "]}";
}

TEST(endpoints, are_who_serves_and_is_not_terminating_each_once) {
  const auto read = parse_endpoints(
      list(slice("engine", endpoint("a", true) + "," + endpoint("b", true) + "," + endpoint("c", true, true)) + "," +
           slice("engine", endpoint("b", true) + "," + endpoint("d", false))),
      "a", "engine");
  const auto& found = std::get<serving_endpoints>(read);
  EXPECT_TRUE(found.selected);
  EXPECT_TRUE(found.own);
  EXPECT_THAT(found.others, ElementsAre("b"));
}

TEST(endpoints, without_a_services_name_are_those_of_the_service_in_which_fewest_others_serve) {
  const auto read = parse_endpoints(
      list(slice("many", endpoint("a", true) + "," + endpoint("b", true) + "," + endpoint("c", true)) + "," +
           slice("few", endpoint("a", false) + "," + endpoint("b", true)) + "," + slice("other", endpoint("x", true))),
      "a", "");
  const auto& found = std::get<serving_endpoints>(read);
  EXPECT_TRUE(found.own);
  EXPECT_THAT(found.others, ElementsAre("b"));
}

TEST(endpoints, of_a_pod_that_no_service_selects_are_none) {
  const auto read = parse_endpoints(list(slice("other", endpoint("x", true))), "a", "");
  const auto& found = std::get<serving_endpoints>(read);
  EXPECT_FALSE(found.selected);
  EXPECT_FALSE(found.own);
  EXPECT_THAT(found.others, IsEmpty());
}

TEST(endpoints, that_make_no_sense_are_no_endpoints) {
  for (const char* text : {"", "[]", R"({"kind": "PodList", "items": []})"}) {
    EXPECT_TRUE(std::holds_alternative<std::string>(parse_endpoints(text, "a", ""))) << text;
  }
  for (const char* items : {"null", "7", R"({"endpoints": 7})", R"({"endpoints": [7, {"conditions": []}]})"}) {
    EXPECT_TRUE(std::get<serving_endpoints>(parse_endpoints(list(items), "a", "")).others.empty()) << items;
  }
}

}  // namespace
}  // namespace podmedic::k8s
