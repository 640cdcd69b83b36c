#include "deploy/injection/generator/admission_policy.hpp"

#include "supervisor/manifest/tree.hpp"
#include "test/support/files.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <functional>
#include <stdexcept>

namespace podmedic::injection {
namespace {

TEST(admission_policies, are_what_the_templates_and_the_sidecar_make_of_them) {
  int seen = 0;
  for (const auto& each : std::filesystem::directory_iterator(test::source_directory() + "/deploy/injection")) {
    if (each.path().extension() != ".in") continue;
    const std::string name = "deploy/injection/" + each.path().filename().string();
    EXPECT_EQ(test::text_of(name.substr(0, name.size() - 3)), admission_policy(test::text_of(name)))
        << "run make injection";
    ++seen;
  }
  EXPECT_GE(seen, 1);
}

TEST(admission_policies, have_every_field_of_the_sidecar) {
  std::string policy = admission_policy("@container@ @volumes@ @token_volumes@");
  std::replace(policy.begin(), policy.end(), '\n', ' ');
  std::vector<yaml::error> errors;
  const auto source = yaml::parse(test::text_of("deploy/sidecar.yaml"), errors);
  ASSERT_TRUE(source);
  const std::function<void(const yaml::node&)> look = [&](const yaml::node& at) {
    for (const yaml::member& each : at.members) {
      EXPECT_THAT(policy, testing::HasSubstr('"' + each.name + "\": "));
      look(each.value);
    }
    for (const yaml::node& each : at.items) look(each);
  };
  for (const char* part : {"container", "volumes", "guaranteed"}) look(*manifest::find(&*source, {part}));
  for (const char* part : {"volumeMounts", "volumes"}) look(*manifest::find(&*source, {"token", part}));
}

TEST(admission_policies, refuse_a_name_that_stands_for_nothing) {
  EXPECT_THROW(admission_policy("a: @typo@"), std::logic_error);
}

}  // namespace
}  // namespace podmedic::injection
