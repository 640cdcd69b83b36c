#include "supervisor/rehearsal/downward_api.hpp"

#include "base/files.hpp"
#include "test/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace podmedic::rehearsal {
namespace {

TEST(downward_api, annotations_are_quoted_as_go_s_strconv_quote_does) {
  EXPECT_EQ(downward_map_text({{"b", "grpc: {port: 1}\n"}, {"a", "say \"hi\" \\ \t\x01 ä"}}),
            "a=\"say \\\"hi\\\" \\\\ \\t\\x01 ä\"\nb=\"grpc: {port: 1}\\n\"\n");
}

TEST(downward_api, files_lie_behind_the_link_that_the_kubelet_swaps) {
  namespace fs = std::filesystem;
  const test::temporary_directory volume;
  ASSERT_EQ(write_downward_volume(volume.path(), {{"annotations", "x"}, {"deep/labels", "y"}}), "");
  EXPECT_EQ(fs::read_symlink(volume.file("annotations")), "..data/annotations");
  EXPECT_TRUE(fs::is_symlink(volume.file("..data")));
  EXPECT_EQ(std::get<std::string>(read_file(volume.file("annotations"), 10)), "x");
  EXPECT_EQ(std::get<std::string>(read_file(volume.file("deep/labels"), 10)), "y");
}

}  // namespace
}  // namespace podmedic::rehearsal
