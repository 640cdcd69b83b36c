#include "supervisor/fleet_override.hpp"

#include "test/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace podmedic {
namespace {

using testing::IsEmpty;

struct an_override : testing::Test {
  test::temporary_directory directory;
  fleet_override its{directory.path()};
  mistakes found;

  void write(const std::string& file, const std::string& text) { std::ofstream(directory.path() + '/' + file) << text; }
  config::annotations over(config::annotations of_pod) {
    its.read(found);
    return its.over(std::move(of_pod));
  }
};

TEST_F(an_override, takes_the_place_of_the_annotations_that_it_has_and_leaves_the_others) {
  const config::annotations of_pod{{"podmedic.io/mode", "Enforce"}, {"probe.podmedic.io/engine", "grpc: {port: 1}"}};
  EXPECT_EQ(over(of_pod), of_pod);
  write("mode", "Observe\n");
  write("paused-until", "2026-12-01T08:00:00Z");
  write("probe", "exec: {}");  // no way to more than the Pod began with
  EXPECT_EQ(over(of_pod), (config::annotations{{"podmedic.io/mode", "Observe"},
                                               {"podmedic.io/paused-until", "2026-12-01T08:00:00Z"},
                                               {"probe.podmedic.io/engine", "grpc: {port: 1}"}}));
  EXPECT_TRUE(its.has("podmedic.io/mode"));
  EXPECT_FALSE(its.has("podmedic.io/policy"));
  std::filesystem::remove(directory.path() + "/mode");
  EXPECT_EQ(over(of_pod).at("podmedic.io/mode"), "Enforce");
  EXPECT_THAT(found, IsEmpty());
}

TEST_F(an_override, that_cannot_be_read_keeps_what_it_said_and_says_so) {
  write("mode", "Observe");
  over({});
  std::filesystem::remove(directory.path() + "/mode");
  std::filesystem::create_directory(directory.path() + "/mode");
  EXPECT_EQ(over({}).at("podmedic.io/mode"), "Observe");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].source, "podmedic.io/mode");
}

TEST_F(an_override, is_mounted_or_not) {
  EXPECT_TRUE(its.mounted());
  EXPECT_FALSE(fleet_override(directory.path() + "/none").mounted());
}

}  // namespace
}  // namespace podmedic
