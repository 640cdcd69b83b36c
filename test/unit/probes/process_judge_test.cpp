#include "probes/process_judge.hpp"

#include "probes/task_stat.hpp"
#include "verdict_text.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

namespace podmedic::probes {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class process_of_a_container : public testing::Test {
 protected:
  process_settings settings{.chosen = "worker",
                            .must_exist = true,
                            .max_open_files = 100,
                            .max_open_files_share = 0.5,
                            .max_threads = 50,
                            .spinning_after = 10s,
                            .uninterruptible_after = 20s};
  process_sample now{
      "1@1", {{.pid = 17, .command = "worker", .threads = 2, .open_files = 8, .open_files_limit = 64, .io = 5}}};
  std::optional<process_judge> judge;
  milliseconds at{0};

  process_sample::member& worker() { return now.members[0]; }
  verdict look() {
    if (!judge) judge.emplace(settings);
    at += 1s;
    return judge->judge(process_sample::parse(now.to_text()), at);
  }
  /// The last of so many looks at a thread that computes all the time.
  template <class Meanwhile>
  std::string while_busy(int looks, Meanwhile meanwhile) {
    if (worker().notable.empty()) worker().notable.push_back({18, 'R', 0ms, 0ms, 40, 7});
    std::string last;
    for (int i = 0; i < looks; ++i) {
      worker().notable[0].cpu += 990ms;
      meanwhile();
      last = verdict_text(look());
    }
    return last;
  }
};

TEST_F(process_of_a_container, passes_where_it_is_there_and_within_its_bounds) {
  EXPECT_EQ(verdict_text(look()), "Pass");
}

TEST_F(process_of_a_container, fails_where_it_is_not_there) {
  now.members.clear();
  const verdict found = look();
  EXPECT_EQ(verdict_text(found), "Fail ProcessAbsent");
  EXPECT_EQ(message_of(found), "no process of the container is worker");
}

TEST_F(process_of_a_container, need_not_be_there_where_none_is_chosen) {
  settings.must_exist = false;
  now.members.clear();
  EXPECT_EQ(verdict_text(look()), "Pass");
}

TEST_F(process_of_a_container, fails_as_a_zombie_unless_another_one_lives) {
  now.members = {{.pid = 17, .command = "worker", .zombie = true}};
  EXPECT_EQ(verdict_text(look()), "Fail ProcessZombie");
  now.members.push_back({.pid = 19, .command = "worker", .threads = 1, .open_files = 1});
  EXPECT_EQ(verdict_text(look()), "Pass");
}

TEST_F(process_of_a_container, fails_above_a_bound_and_not_at_it) {
  worker().threads = 50;
  EXPECT_EQ(verdict_text(look()), "Pass");
  worker().threads = 51;
  EXPECT_EQ(verdict_text(look()), "Fail TooManyThreads");
  worker().threads = 1;
  worker().open_files = 32;  // half of its limit
  EXPECT_EQ(verdict_text(look()), "Pass");
  worker().open_files = 33;
  EXPECT_EQ(message_of(look()), "process 17 (worker) has 33 open files, more than 50 % of its limit of 64");
  worker().open_files_limit.reset();  // unlimited
  worker().open_files = 100;
  EXPECT_EQ(verdict_text(look()), "Pass");
  worker().open_files = 101;
  EXPECT_EQ(verdict_text(look()), "Fail TooManyOpenFiles");
}

TEST_F(process_of_a_container, whose_open_files_cannot_be_counted_is_unknown) {
  worker().open_files.reset();
  EXPECT_EQ(verdict_text(look()), "Unknown OpenFilesNotReadable");
}

TEST_F(process_of_a_container, spins_when_a_thread_does_nothing_but_run) {
  EXPECT_EQ(while_busy(10, [] {}), "Pass");
  EXPECT_EQ(while_busy(1, [] {}), "Fail ThreadSpinning");
  EXPECT_EQ(while_busy(1, [&] { ++*worker().io; }), "Pass");
  EXPECT_EQ(while_busy(11, [&] { worker().notable[0].kernel += 90ms; }), "Fail ThreadSpinning")
      << "so much are the interrupts of the clock, at most";
}

TEST_F(process_of_a_container, is_busy_and_does_not_spin_while_there_is_any_sign_of_work) {
  const auto thread = [&]() -> process_sample::thread& { return worker().notable[0]; };
  int looks = 0;
  EXPECT_EQ(while_busy(100, [&] { *worker().io += ++looks % 9 == 0; }), "Pass");     // it reads or writes
  EXPECT_EQ(while_busy(100, [&] { thread().faults += ++looks % 9 == 0; }), "Pass");  // it takes new memory
  EXPECT_EQ(while_busy(100, [&] { thread().waits += ++looks % 9 == 0; }), "Pass");   // it sleeps
  EXPECT_EQ(while_busy(100, [&] { thread().id = 18 + ++looks / 9; }), "Pass");       // another thread each time
  EXPECT_EQ(while_busy(100, [&] { thread().cpu -= 900ms; }), "Pass");                // it waits for a core
  EXPECT_EQ(while_busy(100, [&] { thread().kernel += 200ms; }), "Pass");             // it polls, and yields
}

TEST_F(process_of_a_container, whose_io_is_not_readable_is_unknown_and_not_spinning) {
  worker().io.reset();
  EXPECT_EQ(while_busy(100, [] {}), "Unknown IoNotReadable");
}

TEST_F(process_of_a_container, sits_in_one_uninterruptible_sleep) {
  worker().notable.push_back({18, 'D', 0ms, 0ms, 0, 7});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(verdict_text(look()), "Pass");
  const verdict found = look();
  EXPECT_EQ(verdict_text(found), "Fail ProcessUninterruptible");
  EXPECT_THAT(message_of(found),
              HasSubstr("thread 18 of process 17 (worker) has been in one uninterruptible sleep for 20 s"));
}

TEST_F(process_of_a_container, of_a_busy_disk_is_in_another_sleep_each_time) {
  worker().notable.push_back({18, 'D', 0ms, 0ms, 0, 7});
  for (int i = 0; i < 1000; ++i) {
    ++worker().notable[0].waits;
    EXPECT_EQ(verdict_text(look()), "Pass");
  }
}

TEST_F(process_of_a_container, is_judged_anew_in_the_containers_next_life) {
  EXPECT_EQ(while_busy(11, [] {}), "Fail ThreadSpinning");
  now.container = "1@900";
  EXPECT_EQ(while_busy(10, [] {}), "Pass");
}

TEST(process_sample, takes_nothing_for_a_sample_that_is_none) {
  for (const char* line : {"", "container=1", "container=1 processes=-1", "container=1 processes=1",
                           "container=1 processes=1 pid0=1 command0=a threads0=1 notable0=1",
                           "container=1 processes=1 pid0=1 command0=a threads0=1 notable0=1 thread0.0=1 state0.0=S "
                           "cpu0.0=1 kernel0.0=0 faults0.0=1 waits0.0=1"}) {
    EXPECT_THROW(process_sample::parse(line), std::invalid_argument) << line;
  }
}

TEST(task_stat, is_read_from_what_the_kernel_writes) {
  const auto found = parse_task_stat(
      "17 (a) R (b) D 1 17 17 0 -1 4194304 1234 0 0 0 250 50 0 0 20 0 3 0 123456 4096 10 18446744073709551615");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state, 'D');
  EXPECT_EQ(found->faults, 1234);
  EXPECT_EQ(found->cpu, 3s);
  EXPECT_EQ(found->kernel, 500ms);
  EXPECT_EQ(found->threads, 3);
  for (const char* text :
       {"", "17 (a", "17 (a)", "17 (a) R", "17 (a) R 1 2 3", "17 (a) R 1 17 17 0 -1 4 x 0 0 0 1 1 0 0 20 0 3"}) {
    EXPECT_FALSE(parse_task_stat(text)) << text;
  }
}

TEST(task_stat, reads_the_numbers_of_status_io_and_limits) {
  EXPECT_EQ(number_in_lines("a:\t1\nnonvoluntary_ctxt_switches:\t3\nvoluntary_ctxt_switches:\t2\n",
                            "voluntary_ctxt_switches"),
            2);
  EXPECT_EQ(number_in_lines("rchar: 6976\n", "rchar"), 6976);
  EXPECT_EQ(number_in_lines("rchar: x\n", "rchar"), std::nullopt);
  EXPECT_EQ(open_files_limit_in("Limit      Soft Limit  Hard Limit  Units\nMax open files   1024   20000   files\n"),
            1024);
  EXPECT_EQ(open_files_limit_in("Max open files   unlimited   unlimited   files\n"), std::nullopt);
  EXPECT_EQ(open_files_limit_in(""), std::nullopt);
}

}  // namespace
}  // namespace podmedic::probes
