#include "small_kinds.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

namespace podmedic::config {
namespace {

std::string reference_page() {
  std::ifstream file(std::string(PODMEDIC_SOURCE_DIR) + "/docs/annotations.md");
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

TEST(annotations_page, has_an_example_without_a_mistake) {
  const std::string page = reference_page();
  const std::string fence = "```yaml\n";
  const std::size_t begin = page.find(fence);
  ASSERT_NE(begin, std::string::npos);
  const std::size_t end = page.find("```", begin + fence.size());
  mistakes found;
  fields example = fields::parse("example", page.substr(begin + fence.size(), end - begin - fence.size()), found);
  annotations given;
  for (const std::string& name : example.names()) given[name] = example.text(name, "");
  EXPECT_THAT(texts_of(found), testing::IsEmpty());
  EXPECT_THAT(texts_of(parse(given).found), testing::IsEmpty());
  EXPECT_EQ(given.size(), 4U);
}

TEST(annotations_page, names_every_kind_and_whether_this_version_has_it) {
  const std::string page = reference_page();
  for (const probes::kind& kind : probes::kinds()) {
    const std::size_t at = page.find("`" + std::string(kind.name) + "`", page.find("### Kinds"));
    ASSERT_NE(at, std::string::npos) << kind.name;
    const std::string row = page.substr(at, page.find('\n', at) - at);
    EXPECT_EQ(row.find("not in this version") == std::string::npos, kind.read != nullptr) << row;
    const bool in_service = row.ends_with("`InService` |");
    EXPECT_EQ(in_service, kind.while_waiting == probes::traffic::in_service) << row;
  }
  for (const hooks::kind& kind : hooks::kinds()) {
    EXPECT_NE(page.find("| `" + std::string(kind.name) + "` |", page.find("## Hooks")), std::string::npos) << kind.name;
  }
}

}  // namespace
}  // namespace podmedic::config
