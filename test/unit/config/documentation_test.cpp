#include "small_kinds.hpp"

#include "test/support/directories.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace podmedic::config {
namespace {

const std::filesystem::path documents = std::filesystem::path(test::source_directory()) / "docs";

std::string page_at(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}
std::string reference_page() {
  return page_at(documents / "annotations.md");
}

/// The annotations of all examples on a page (its ```yaml blocks), each of which must be without a mistake.
annotations examples_on(const std::string& page) {
  annotations all;
  const std::string fence = "```yaml\n";
  for (std::size_t begin = page.find(fence); begin != std::string::npos; begin = page.find(fence, begin)) {
    begin += fence.size();
    const std::size_t end = page.find("```", begin);
    // A part of a Pod, or another file: test/docs/snippets_test.py has its reason.
    if (page.substr(0, begin - fence.size()).ends_with("-->\n")) continue;
    mistakes found;
    fields example = fields::parse("example", page.substr(begin, end - begin), found);
    annotations given;
    for (const std::string& name : example.names()) given[name] = example.text(name, "");
    EXPECT_THAT(texts_of(found), testing::IsEmpty());
    EXPECT_THAT(texts_of(parse(given).found), testing::IsEmpty());
    all.merge(given);
    begin = end + 3;
  }
  return all;
}

/// The fields that a kind reads, by what it asks of a mapping that has none.
std::vector<std::string> fields_of(const probes::kind& kind) {
  mistakes found;
  fields none = fields::parse("none", "{}", found);
  kind.read(none);
  return none.asked();
}

/// The fields that a page describes: the first column of its tables, where that is a name in backquotes.
std::vector<std::string> fields_on(const std::string& page) {
  std::vector<std::string> names;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t end = line.find('`', 3);
    if (line.starts_with("| `") && line.substr(end, 3) == "` |") names.push_back(line.substr(3, end - 3));
  }
  return names;
}

TEST(annotations_page, has_an_example_without_a_mistake) {
  EXPECT_EQ(examples_on(reference_page()).size(), 4U);
}

TEST(presets_page, has_examples_without_a_mistake) {
  EXPECT_FALSE(examples_on(page_at(documents / "presets.md")).empty());
}

TEST(preconditions_page, has_an_example_of_each_kind_without_a_mistake) {
  EXPECT_EQ(parse(examples_on(page_at(documents / "preconditions.md"))).preconditions.size(), 3U);
}

TEST(diagnostics_page, has_examples_of_diagnose_hooks_without_a_mistake) {
  const configuration read = parse(examples_on(page_at(documents / "diagnostics.md")));
  EXPECT_EQ(read.hooks.size(), 4U);
  for (const hook_entry& each : read.hooks) EXPECT_EQ(each.phase, hook_phase::diagnose) << each.name;
}

TEST(startup_barrier_page, has_examples_of_startup_hooks_without_a_mistake) {
  const configuration read = parse(examples_on(page_at(documents / "startup-barrier.md")));
  EXPECT_EQ(read.hooks.size(), 3U);
  for (const hook_entry& each : read.hooks) EXPECT_EQ(each.phase, hook_phase::startup) << each.name;
}

TEST(probe_pages, are_there_for_every_kind_with_examples_of_it_without_a_mistake) {
  for (const probes::kind& kind : probes::kinds()) {
    if (!kind.read) continue;
    const std::string name(kind.name);
    const std::string page = page_at(documents / "probes" / (name + ".md"));
    EXPECT_TRUE(page.starts_with("# " + name + "\n")) << name;
    SCOPED_TRACE(name);
    const configuration read = parse(examples_on(page));
    const auto is_of_kind = [&](const probe_entry& each) { return each.kind == name; };
    EXPECT_TRUE(std::any_of(read.probes.begin(), read.probes.end(), is_of_kind)) << name;
  }
  for (const auto& file : std::filesystem::directory_iterator(documents / "probes")) {
    const std::string name = file.path().stem();
    const auto is_of_name = [&](const probes::kind& each) { return each.name == name && each.read; };
    EXPECT_TRUE(std::any_of(probes::kinds().begin(), probes::kinds().end(), is_of_name)) << name;
  }
}

TEST(probe_pages, describe_the_fields_that_the_code_reads_and_no_others) {
  const std::string reference = reference_page();
  for (const probes::kind& kind : probes::kinds()) {
    if (!kind.read) continue;
    const std::string name(kind.name);
    const std::size_t at = reference.find("`" + name + "`", reference.find("### Kinds"));
    const std::string row = reference.substr(at, reference.find('\n', at) - at);
    const std::vector<std::string> described = fields_on(page_at(documents / "probes" / (name + ".md")));
    for (const std::string& field : fields_of(kind)) {
      EXPECT_THAT(described, testing::Contains(field)) << name;
      EXPECT_THAT(row, testing::AnyOf(testing::HasSubstr("`" + field + "`"), testing::HasSubstr("`" + field + ":")));
    }
    for (const std::string& field : described) {
      const bool of_another_mapping = field.find('.') != std::string::npos;
      EXPECT_TRUE(of_another_mapping || testing::Value(fields_of(kind), testing::Contains(field)))
          << name << ' ' << field;
    }
  }
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
