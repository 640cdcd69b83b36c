// Files that somebody has spoilt: what is read of them is never guessed, and nothing ends the program.
#include "supervisor/manifest/inject.hpp"
#include "supervisor/manifest/validate.hpp"
#include "test/support/files.hpp"

#include <gmock/gmock.h>

#include <random>

namespace podmedic::manifest {
namespace {

/// A few slips of the keyboard: letters lost, marks of YAML put in, the rest of a line gone.
std::string spoilt(std::string text, std::mt19937& random) {
  constexpr std::string_view marks = "{}[]:,-#'\"|>\n \t&*!?~0a";
  for (unsigned slips = 1 + random() % 4; slips > 0; --slips) {
    const std::size_t at = random() % text.size();
    switch (random() % 3) {
      case 0: text.erase(at, 1 + random() % 30); break;
      case 1: text.insert(at, 1, marks[random() % marks.size()]); break;
      default: text.erase(at, text.find('\n', at) - at); break;
    }
  }
  return text;
}

TEST(spoilt_files, are_left_alone_or_injected_into_once) {
  const std::string whole = test::text_of("examples/wedged-grpc/pod.yaml");
  const std::string bare = uninject(whole).text;
  ASSERT_FALSE(bare.empty());
  std::mt19937 random(7);
  int injected_into = 0;
  for (int i = 0; i < 60; ++i) {
    const std::string file = spoilt(i % 2 == 0 ? whole : bare, random);
    validate(file);
    const injected once = inject(file, {.image = "podmedic:1", .rule = true, .service_account = ""});
    EXPECT_TRUE(once.errors.empty() || once.text.empty()) << file;
    if (!once.errors.empty()) continue;
    EXPECT_EQ(inject(once.text, {.image = "podmedic:1", .rule = true, .service_account = ""}).text, once.text) << file;
    injected_into += once.pods;
  }
  EXPECT_GT(injected_into, 5);
}

}  // namespace
}  // namespace podmedic::manifest
