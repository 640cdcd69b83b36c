// validate, inject and explain as people run them: the program itself.
#include "test/support/files.hpp"
#include "test/support/temporary_directory.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>

namespace podmedic {
namespace {

using testing::HasSubstr;

struct outcome {
  int code;
  std::string out;
};

/// A shell line; {podmedic} is the program, and what it writes to its standard error is let go.
outcome run(std::string line, const std::string& program = test::binary_directory() + "/podmedic") {
  for (std::size_t at = line.find("{podmedic}"); at != std::string::npos; at = line.find("{podmedic}")) {
    line.replace(at, 10, program);
  }
  outcome made{-1, ""};
  std::FILE* pipe = ::popen(("exec 2>/dev/null; " + line).c_str(), "r");
  char part[4096];
  for (std::size_t got = 0; (got = std::fread(part, 1, sizeof part, pipe)) > 0;) made.out.append(part, got);
  made.code = WEXITSTATUS(::pclose(pipe));
  return made;
}

const std::string example = test::source_directory() + "/examples/wedged-grpc/pod.yaml";

TEST(validate_command, ends_with_what_it_found) {
  EXPECT_EQ(run("{podmedic} validate -f " + example).code, 0);
  EXPECT_EQ(run("sed 's/  shareProcessNamespace: true//' " + example + " | {podmedic} validate -f -").code, 1);
  // imagePullPolicy Always is a warning.
  const std::string warning = "sed 's/IfNotPresent/Always/' " + example + " | {podmedic} validate -f -";
  EXPECT_EQ(run(warning).code, 0);
  EXPECT_EQ(run(warning + " --strict").code, 1);
  EXPECT_EQ(run("{podmedic} validate -f /does/not/exist -f " + example).code, 2);
}

TEST(validate_command, prints_for_editors_and_for_programs) {
  const std::string wrong = "sed 's/grpc: {port/grpc: {prt/' " + example + " | {podmedic} validate -f -";
  const std::string text = test::text_of("examples/wedged-grpc/pod.yaml");
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find("grpc: {port")), '\n');
  EXPECT_THAT(run(wrong).out,
              HasSubstr("-:" + std::to_string(line) + ":14: error: probe.podmedic.io/engine, grpc.prt: unknown field"));
  const auto report = nlohmann::json::parse(run(wrong + " -o json").out);
  EXPECT_EQ(report["pods"], 1);
  EXPECT_EQ(report["findings"][0]["line"], line);
  EXPECT_EQ(report["findings"][0]["check"], "Annotation");
}

TEST(validate_command, works_as_a_plugin_of_kubectl) {
  const test::temporary_directory place;
  const std::string plugin = place.path() + "/kubectl-podmedic";
  std::filesystem::create_symlink(test::binary_directory() + "/podmedic", plugin);
  EXPECT_EQ(run("{podmedic} validate -f " + example, plugin).code, 0);
}

TEST(inject_command, takes_podmedic_out_and_puts_it_in_again) {
  const outcome bare = run("{podmedic} inject --uninject -f " + example);
  EXPECT_EQ(bare.code, 0);
  EXPECT_THAT(bare.out, testing::Not(HasSubstr("name: podmedic")));
  const outcome again = run("{podmedic} inject --uninject -f " + example +
                            " | {podmedic} inject --image here/podmedic:2 | tee /dev/null");
  EXPECT_THAT(again.out, HasSubstr("image: here/podmedic:2\n"));
  EXPECT_EQ(run("printf 'a: *b' | {podmedic} inject").code, 1);
  EXPECT_EQ(run("printf 'a: *b' | {podmedic} inject").out, "");
  EXPECT_EQ(run("{podmedic} inject -f /does/not/exist").code, 2);
}

TEST(explain_command, tells_of_a_file_and_refuses_what_is_no_pod) {
  const outcome told = run("{podmedic} explain -f " + example);
  EXPECT_EQ(told.code, 0);
  EXPECT_THAT(told.out, testing::ContainsRegex("budget.restarts +3 +annotation"));
  EXPECT_EQ(run("printf 'a: b' | {podmedic} explain -f -").code, 1);
  EXPECT_EQ(run("{podmedic} explain --podinfo /does/not/exist").code, 2);
}

}  // namespace
}  // namespace podmedic
