#include "supervisor/manifest/needs.hpp"

#include "hooks/registry.hpp"
#include "probes/registry.hpp"
#include "supervisor/config/words.hpp"
#include "test/support/files.hpp"

#include <gmock/gmock.h>

namespace podmedic::manifest {
namespace {

TEST(needs, are_told_of_every_probe_kind_and_every_action) {
  for (const probes::kind& each : probes::kinds()) EXPECT_NE(need_of(each.name), nullptr) << each.name;
  for (const std::string_view each : config::words<policy::remedy>) EXPECT_NE(need_of(each), nullptr) << each;
  for (const std::string_view each : config::words<policy::fallback>) EXPECT_NE(need_of(each), nullptr) << each;
}

TEST(needs, stand_in_their_page_as_they_are) {
  EXPECT_THAT(test::text_of("docs/requirements.md"), testing::HasSubstr(needs_table()));
}

/// What a page says under "What it needs".
TEST(needs, are_not_less_than_what_the_page_of_the_kind_says) {
  for (const probes::kind& each : probes::kinds()) {
    const std::string page = test::text_of("docs/probes/" + std::string(each.name) + ".md");
    const std::size_t begin = page.find("## What it needs");
    if (begin == std::string::npos) continue;
    const std::string says = page.substr(begin, page.find("\n## ", begin + 1) - begin);
    const bool shares = says.find("shareProcessNamespace: true") != std::string::npos;
    EXPECT_TRUE(!shares || !need_of(each.name)->share.empty()) << each.name;
    const bool looks = says.find("CAP_SYS_PTRACE") != std::string::npos;
    EXPECT_TRUE(!looks || !need_of(each.name)->uid.empty()) << each.name;
  }
}

}  // namespace
}  // namespace podmedic::manifest
