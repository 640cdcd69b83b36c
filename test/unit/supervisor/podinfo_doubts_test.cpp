#include "supervisor/podinfo_doubts.hpp"

#include <gmock/gmock.h>

namespace podmedic {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string file = "/etc/podmedic/podinfo/annotations";

TEST(a_file, is_mounted_alone_where_a_mount_point_is_itself) {
  const std::string before = "22 1 0:20 / / rw - overlay overlay rw\n";
  EXPECT_FALSE(is_mounted_alone(before + "30 22 0:31 / /etc/podmedic/podinfo ro - tmpfs tmpfs rw\n", file));
  EXPECT_TRUE(is_mounted_alone(before + "30 22 0:31 /..x/annotations " + file + " ro - tmpfs tmpfs rw\n", file));
  EXPECT_TRUE(is_mounted_alone("30 22 0:31 /a /with\\040space/x ro - tmpfs tmpfs rw", "/with space/x"));
  EXPECT_FALSE(is_mounted_alone("", file));
  EXPECT_FALSE(is_mounted_alone("half a line\n\n", file));
}

std::vector<std::string> reasons(const std::string& text, bool alone = false) {
  mistakes found;
  const config::annotations all = config::parse_annotation_file(text, found);
  std::vector<std::string> given;
  for (const auto& each : doubts_of_podinfo(file, found, all, alone)) given.push_back(each.reason);
  return given;
}

TEST(podinfo, is_doubted_where_it_cannot_be_what_it_should_be) {
  const std::string ours = "podmedic.io/mode=\"Enforce\"\n";
  EXPECT_THAT(reasons(ours), IsEmpty());
  EXPECT_THAT(reasons("probe.podmedic.io/engine=\"{}\"\nother=\"x\"\n"), IsEmpty());
  EXPECT_THAT(reasons(ours, true), ElementsAre("PodinfoFrozen"));
  EXPECT_THAT(reasons(""), ElementsAre("PodinfoForeign"));
  EXPECT_THAT(reasons("a Pod's name\n"), ElementsAre("PodinfoForeign"));
  EXPECT_THAT(reasons("app=\"engine\"\npodmedic.io/inject=\"true\"\n"), ElementsAre("PodinfoForeign")) << "labels";
  EXPECT_THAT(reasons("kubernetes.io/config.source=\"api\"\n", true), ElementsAre("PodinfoFrozen", "PodinfoForeign"));
}

}  // namespace
}  // namespace podmedic
