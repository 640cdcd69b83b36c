#include "probes/config_change_judge.hpp"

#include "test/unit/probes/verdict_text.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace podmedic::probes {
namespace {

using namespace std::chrono_literals;

const main_process first{17, 1000, "boot-1"};
const main_process second{40, 9000, "boot-1"};

config_change_judge judge_of_two(const std::string& memory = "") {
  return {{.files = {"/config/a", "/config/b"}, .settle = 10s}, memory};
}

TEST(config_change, counts_from_the_start_of_the_main_process_and_once_it_has_settled) {
  const struct {
    const char* what;
    config_change_sample sample;
    milliseconds at;
    const char* expected;
  } rows[] = {
      {"the first look: what it started with", {"1,2", first}, 0s, "Pass"},
      {"as before", {"1,2", first}, 100s, "Pass"},
      {"changed", {"1,3", first}, 110s, "Pass"},
      {"not settled", {"1,3", first}, 119s, "Pass"},
      {"settled", {"1,3", first}, 120s, "Fail ConfigChanged"},
      {"again", {"1,3", first}, 130s, "Fail ConfigChanged"},
      {"another change settles anew", {"1,4", first}, 135s, "Pass"},
      {"and counts", {"1,4", first}, 145s, "Fail ConfigChanged"},
      {"taken back", {"1,2", first}, 150s, "Pass"},
      {"changed again", {"1,4", first}, 160s, "Pass"},
      {"a new main process started with it", {"1,4", second}, 180s, "Pass"},
      {"and has it still", {"1,4", second}, 300s, "Pass"},
      {"what was is a change now", {"1,2", second}, 310s, "Pass"},
      {"which counts", {"1,2", second}, 320s, "Fail ConfigChanged"},
  };
  config_change_judge judge = judge_of_two();
  for (const auto& row : rows) EXPECT_EQ(verdict_text(judge.judge(row.sample, row.at)), row.expected) << row.what;
}

TEST(config_change, names_the_files_and_the_process) {
  config_change_judge judge = judge_of_two();
  judge.judge({"1,2", first}, 0s);
  EXPECT_EQ(message_of(judge.judge({"1,3", first}, 1s)),
            "/config/b changed since main process 17 started; settles for 10 s more");
  EXPECT_EQ(message_of(judge.judge({"4,3", first}, 2s)),
            "/config/a, /config/b changed since main process 17 started; settles for 10 s more");
}

TEST(config_change, is_seen_by_the_next_life_where_the_same_process_still_runs) {
  config_change_judge before = judge_of_two();
  before.judge({"1,2", first}, 0s);
  config_change_judge after = judge_of_two(before.memory());
  EXPECT_EQ(verdict_text(after.judge({"1,3", first}, 0s)), "Pass");  // settles first
  EXPECT_EQ(verdict_text(after.judge({"1,3", first}, 10s)), "Fail ConfigChanged");
  EXPECT_EQ(after.memory(), before.memory()) << "a third life sees it too";
}

TEST(config_change, does_not_fire_again_after_the_restart_that_it_asked_for) {
  config_change_judge before = judge_of_two();
  before.judge({"1,2", first}, 0s);
  before.judge({"1,3", first}, 1s);
  const main_process others[] = {
      second,
      {17, 2000, "boot-1"},  // the same number, given anew
      {17, 1000, "boot-2"},  // the same number at the same time after another boot
  };
  for (const main_process& other : others) {
    config_change_judge after = judge_of_two(before.memory());
    EXPECT_EQ(verdict_text(after.judge({"1,3", other}, 0s)), "Pass");
    EXPECT_EQ(verdict_text(after.judge({"1,3", other}, 100s)), "Pass");
  }
}

TEST(config_change, takes_what_it_finds_where_its_memory_is_none) {
  for (const char* memory :
       {"", "torn", "digests=1,2 main=17", "boot=boot-1 digests=1,2 format=2 main=17 started=1000"}) {
    config_change_judge judge = judge_of_two(memory);
    EXPECT_EQ(judge.memory(), "");
    EXPECT_EQ(verdict_text(judge.judge({"1,3", first}, 100s)), "Pass") << memory;
    EXPECT_EQ(verdict_text(judge.judge({"1,3", first}, 200s)), "Pass") << memory;
  }
}

TEST(config_change, has_samples_that_are_read_as_they_were_written) {
  const config_change_sample sample{"00000000000000ff,1", {17, 123456, "b"}};
  EXPECT_EQ(sample.to_text(), "boot=b digests=00000000000000ff,1 main=17 started=123456");
  EXPECT_EQ(config_change_sample::parse(sample.to_text()).to_text(), sample.to_text());
  EXPECT_THROW(config_change_sample::parse("digests=1"), std::invalid_argument);
}

}  // namespace
}  // namespace podmedic::probes
