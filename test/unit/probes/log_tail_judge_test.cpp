#include "probes/log_tail_judge.hpp"

#include "probes/descriptors.hpp"
#include "verdict_text.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>

#include <stdexcept>

namespace podmedic::probes {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A log and its shipper, looked at once a second: more than 1000 bytes may be unread for 10 s.
class log_tail : public testing::Test {
 protected:
  using reading = log_tail_sample::reading;
  log_tail_judge judge{{"/logs/app.log", 1000, 10s}};
  log_tail_sample now{"17@5", {{1, 100, 0, false, reading{0, 0}}}};
  milliseconds at{0};

  log_tail_sample::file& file(std::size_t number = 0) { return now.files[number]; }
  void write(std::int64_t bytes, std::size_t number = 0) { file(number).size += bytes; }
  void read_all(std::size_t number = 0) { file(number).held = reading{file(number).size, file(number).size}; }
  verdict look() {
    at += 1s;
    // What is judged has been a line of text, so every test is one of the text too.
    return judge.judge(log_tail_sample::parse(now.to_text()), at);
  }
  /// The last of so many looks at a file that grows by 500 bytes before each.
  std::string after(int looks, std::size_t number = 0) {
    std::string last;
    for (int i = 0; i < looks; ++i) {
      write(500, number);
      last = verdict_text(look());
    }
    return last;
  }
  /// A reader that keeps up.
  std::string kept_up(int looks) {
    std::string last;
    for (int i = 0; i < looks; ++i) {
      write(500);
      read_all();
      last = verdict_text(look());
    }
    return last;
  }
};

TEST_F(log_tail, a_reader_that_keeps_up_passes) {
  EXPECT_EQ(kept_up(100), "Pass");
}

TEST_F(log_tail, an_idle_log_passes_for_ever) {
  kept_up(3);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(verdict_text(look()), "Pass");
}

TEST_F(log_tail, a_burst_after_a_long_idle_time_is_no_stall) {
  kept_up(3);
  for (int i = 0; i < 1000; ++i) look();
  write(1'000'000);
  EXPECT_EQ(verdict_text(look()), "Pass");
}

TEST_F(log_tail, a_reader_that_stops_fails_when_the_lag_has_been_too_large_for_so_long) {
  kept_up(20);
  // After 3 looks 1500 bytes are unread; 10 s later it has stalled.
  EXPECT_EQ(after(12), "Pass");
  write(500);
  const verdict found = look();
  EXPECT_EQ(verdict_text(found), "Fail ReaderStalled");
  EXPECT_EQ(message_of(found),
            "/logs/app.log: the shipper has read nothing for 10 s: 6500 bytes unread, from offset 10000 of 16500");
  EXPECT_EQ(after(1), "Fail ReaderStalled");
  read_all();
  EXPECT_EQ(verdict_text(look()), "Pass");
}

TEST_F(log_tail, a_reader_that_stops_within_the_lag_never_fails) {
  kept_up(20);
  write(1000);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(verdict_text(look()), "Pass");
}

TEST_F(log_tail, a_slow_reader_that_moves_is_not_stalled) {
  kept_up(20);
  for (int i = 0; i < 1000; ++i) {
    write(100'000);
    if (i % 9 == 0) ++file().held->furthest, ++file().held->sum;  // a byte in 9 s
    EXPECT_EQ(verdict_text(look()), "Pass");
  }
}

TEST_F(log_tail, one_that_reads_in_bursts_is_not_stalled) {
  kept_up(20);
  for (int i = 0; i < 1000; ++i) {
    write(5000);
    if (i % 9 == 0) read_all();
    EXPECT_EQ(verdict_text(look()), "Pass");
  }
}

TEST_F(log_tail, any_of_several_descriptors_that_moves_is_progress) {
  kept_up(20);
  for (int i = 0; i < 100; ++i) {
    write(5000);
    ++file().held->sum;  // a second reader, behind the first
    EXPECT_EQ(verdict_text(look()), "Pass");
  }
}

TEST_F(log_tail, a_reader_behind_the_end_of_a_truncated_file_has_stalled) {
  kept_up(20);
  file().size = 0;
  EXPECT_EQ(after(12), "Pass");
  write(500);
  EXPECT_THAT(message_of(look()), HasSubstr("its offset 10000 is behind the end of the truncated file"));
  file().held = reading{0, 0};  // it notices
  EXPECT_EQ(after(1), "Pass");
}

TEST_F(log_tail, a_reader_that_stays_with_the_renamed_file_fails) {
  kept_up(20);
  file().old = true;
  now.files.insert(now.files.begin(), {1, 101, 0, false, {}});
  EXPECT_EQ(after(12), "Pass");
  write(500);
  const verdict found = look();
  EXPECT_EQ(verdict_text(found), "Fail FileNotFollowed");
  EXPECT_THAT(message_of(found), HasSubstr("6500 bytes unread; it still has the file that was there before"));
}

TEST_F(log_tail, a_reader_that_finishes_the_renamed_file_first_is_not_stalled) {
  kept_up(20);
  write(1'000'000);
  file().old = true;
  now.files.insert(now.files.begin(), {1, 101, 0, false, {}});
  for (int i = 0; i < 100; ++i) {
    ++file(1).held->furthest;
    ++file(1).held->sum;
    EXPECT_EQ(after(1), "Pass");
  }
}

TEST_F(log_tail, one_that_has_let_go_of_the_file_and_did_not_open_the_next_fails) {
  kept_up(20);
  file() = {1, 101, 0, false, {}};
  EXPECT_EQ(after(13), "Fail FileNotFollowed");
}

TEST_F(log_tail, one_that_never_had_the_file_open_is_unknown) {
  file().held.reset();
  const verdict found = look();
  EXPECT_EQ(verdict_text(found), "Unknown NobodyReads");
  EXPECT_THAT(message_of(found), HasSubstr("a shipper that opens it only to read cannot be judged"));
  EXPECT_EQ(after(1000), "Unknown NobodyReads");
}

TEST_F(log_tail, one_that_opens_the_file_for_a_moment_never_fails) {
  for (int i = 0; i < 1000; ++i) {
    write(5000);
    if (i % 40 == 0) {
      read_all();
    } else {
      file().held.reset();
    }
    EXPECT_THAT(verdict_text(look()), testing::AnyOf("Pass", "Unknown NobodyReads"));
  }
}

TEST_F(log_tail, one_whose_offset_never_moves_from_zero_is_unknown) {
  EXPECT_EQ(after(100), "Unknown OffsetNotTold");  // it may read by pread(2) or mmap(2)
}

TEST_F(log_tail, an_old_file_that_is_still_open_does_not_count_beside_the_new_one) {
  kept_up(20);
  write(1'000'000);
  file().old = true;  // forgotten, unread
  now.files.insert(now.files.begin(), {1, 101, 0, false, reading{0, 0}});
  kept_up(5);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(verdict_text(look()), "Pass");
}

TEST_F(log_tail, a_deleted_file_that_still_grows_counts_where_there_is_no_other) {
  kept_up(20);
  file().old = true;
  EXPECT_EQ(kept_up(20), "Pass");
  EXPECT_EQ(after(13), "Fail ReaderStalled");
}

TEST_F(log_tail, of_several_files_any_that_is_read_is_progress) {
  now.files.push_back({1, 101, 0, false, reading{0, 0}});
  kept_up(20);
  for (int i = 0; i < 100; ++i) {  // the second one waits until the first is done
    write(5000, 1);
    EXPECT_EQ(kept_up(1), "Pass");
  }
  EXPECT_EQ(after(13, 1), "Fail ReaderStalled");
}

TEST_F(log_tail, a_shipper_that_was_restarted_is_judged_anew) {
  kept_up(20);
  EXPECT_EQ(after(13), "Fail ReaderStalled");
  now.shipper = "18@90";
  EXPECT_EQ(after(10), "Pass");
  EXPECT_EQ(after(1), "Fail ReaderStalled");
}

TEST_F(log_tail, an_inode_that_is_used_again_is_a_new_file) {
  kept_up(20);
  file().size = 500;
  file().held.reset();
  EXPECT_EQ(verdict_text(look()), "Pass");
  EXPECT_EQ(after(12), "Fail FileNotFollowed");
}

TEST(log_tail_sample, takes_nothing_for_a_sample_that_is_none) {
  for (const char* line : {"", "shipper=1", "shipper=1 files=-1", "shipper=1 files=1", "shipper=1 files=99999999",
                           "shipper=1 files=1 file0=1 size0=1", "shipper=1 files=1 file0=1:2 size0=-1",
                           "shipper=1 files=1 file0=1:x size0=1", "shipper=1 files=1 file0=1:2 size0=1 offset0=1"}) {
    EXPECT_THROW(log_tail_sample::parse(line), std::invalid_argument) << line;
  }
}

TEST(fd_info, is_read_from_what_the_kernel_writes) {
  const auto found = parse_fd_info("pos:\t4096\nflags:\t0100002\nmnt_id:\t24\nino:\t3\n");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->offset, 4096);
  EXPECT_EQ(found->flags & O_ACCMODE, O_RDWR);
  for (const char* text :
       {"", "pos:", "pos:\t\nflags:\t0\n", "flags:\t0\n", "pos:\tx\nflags:\t0\n", "mypos:\t1\nflags:\t0\n"}) {
    EXPECT_FALSE(parse_fd_info(text)) << text;
  }
}

}  // namespace
}  // namespace podmedic::probes
