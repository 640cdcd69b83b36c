#include "supervisor/diagnostics.hpp"

#include "supervisor/policy/evidence.hpp"
#include "test/support/temporary_directory.hpp"

#include <gmock/gmock.h>

namespace podmedic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class kept_diagnostics : public testing::Test {
 protected:
  test::temporary_directory state;
  diagnostics all{state.path()};

  void gather(bool first_of_chain = true, const std::string& reason = "ServerSilent") {
    EXPECT_EQ(all.begin({wall_time{}, "Pod", "engine", reason, "no answer within 1 s", first_of_chain}), std::nullopt);
    EXPECT_EQ(all.keep("snapshot.txt", "what was seen\n"), std::nullopt);
  }
  void restart(bool first_of_chain = true) {
    gather(first_of_chain);
    EXPECT_EQ(all.restarts(), std::nullopt);
  }
  std::vector<std::uint64_t> numbers() const {
    std::vector<std::uint64_t> found;
    for (const auto& each : all.list()) found.push_back(each.number);
    return found;
  }
  std::string text(const diagnostics::kept& of, std::string_view name) const {
    const auto read = all.read(of, name);
    if (const auto* error = std::get_if<file_error>(&read)) return "error: " + error->message;
    return std::get<std::string>(read);
  }
};

TEST_F(kept_diagnostics, are_listed_by_restart_with_what_they_are_of_and_their_files) {
  EXPECT_THAT(all.list(), IsEmpty());
  restart();
  ASSERT_EQ(numbers(), std::vector<std::uint64_t>{1});
  const auto only = all.list().front();
  EXPECT_EQ(only.at, "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(only.about.scope, "Pod");
  EXPECT_EQ(only.about.probe, "engine");
  EXPECT_EQ(only.about.reason, "ServerSilent");
  EXPECT_EQ(only.about.message, "no answer within 1 s");
  ASSERT_EQ(only.files.size(), 1u);
  EXPECT_EQ(only.files[0].bytes, 14u);
  EXPECT_EQ(text(only, "snapshot.txt"), "what was seen\n");
  EXPECT_EQ(only.directory, state.file("diagnostics/1-ServerSilent"));
}

TEST_F(kept_diagnostics, of_a_restart_that_was_called_off_stay_until_the_next_are_gathered) {
  gather();
  EXPECT_EQ(numbers(), std::vector<std::uint64_t>{0});
  EXPECT_EQ(all.keep("hook-a.txt", "of the first"), std::nullopt);
  gather();
  ASSERT_EQ(numbers(), std::vector<std::uint64_t>{0});
  EXPECT_EQ(all.list().front().files.size(), 1u);
  EXPECT_EQ(all.restarts(), std::nullopt);
  EXPECT_EQ(numbers(), std::vector<std::uint64_t>{1});
  EXPECT_EQ(all.restarts(), std::nullopt) << "nothing is being gathered";
  EXPECT_EQ(numbers(), std::vector<std::uint64_t>{1});
}

TEST_F(kept_diagnostics, of_the_last_five_restarts_stay_on_disk_and_those_of_the_first_without_recovery) {
  for (int i = 0; i < 6; ++i) restart();
  EXPECT_THAT(numbers(), ElementsAre(2, 3, 4, 5, 6));
  for (int i = 0; i < 5; ++i) restart(false);
  EXPECT_THAT(numbers(), ElementsAre(6, 8, 9, 10, 11));
  EXPECT_FALSE(std::filesystem::exists(state.file("diagnostics/7-ServerSilent")));
}

TEST_F(kept_diagnostics, are_numbered_on_by_the_next_life) {
  restart();
  gather();
  diagnostics next_life(state.path());
  EXPECT_EQ(next_life.restarts(), std::nullopt) << "what an earlier life gathered is of no restart";
  EXPECT_THAT(numbers(), ElementsAre(1, 0));
  EXPECT_EQ(next_life.begin({wall_time{}, "shipper", "", "Stalled", "", true}), std::nullopt);
  EXPECT_EQ(next_life.restarts(), std::nullopt);
  EXPECT_THAT(numbers(), ElementsAre(1, 2));
  EXPECT_EQ(all.list().back().about.scope, "shipper");
}

TEST_F(kept_diagnostics, are_cut_where_they_are_too_large_and_say_so) {
  gather();
  const std::string huge(policy::evidence_bounds::of_file + 1, 'x');
  for (const char* name : {"hook-a.txt", "hook-b.txt", "hook-c.txt", "hook-d.txt", "hook-e.txt"}) {
    EXPECT_EQ(all.keep(name, huge), std::nullopt);
  }
  const auto only = all.list().front();
  EXPECT_LE(only.bytes, policy::evidence_bounds::of_restart);
  const std::string first = text(only, "hook-a.txt"), last = text(only, "hook-d.txt");
  EXPECT_EQ(first.size(), policy::evidence_bounds::of_file);
  EXPECT_THAT(first.substr(first.size() - 100), HasSubstr("[podmedic: cut; at most 1024 KiB of a file"));
  EXPECT_THAT(last.substr(last.size() - 100), HasSubstr("[podmedic: cut;"));
  EXPECT_EQ(only.files.size(), 5u) << "of the fifth nothing fits";
}

TEST_F(kept_diagnostics, of_exactly_one_mebibyte_are_not_cut) {
  gather();
  const std::string whole(policy::evidence_bounds::of_file, 'x');
  EXPECT_EQ(all.keep("hook-a.txt", whole), std::nullopt);
  EXPECT_EQ(text(all.list().front(), "hook-a.txt"), whole);
}

TEST_F(kept_diagnostics, are_given_up_where_the_disk_is_nearly_full_and_the_ledger_needs_it) {
  const auto error = all.begin({}, std::uint64_t{1} << 60);
  ASSERT_TRUE(error);
  EXPECT_THAT(*error, HasSubstr("the ledger comes first"));
  EXPECT_EQ(all.keep("snapshot.txt", "x"), std::nullopt) << "said already";
  EXPECT_EQ(all.restarts(), std::nullopt);
  EXPECT_THAT(all.list(), IsEmpty());
}

TEST_F(kept_diagnostics, that_cannot_be_written_are_an_error_and_nothing_more) {
  state.write("diagnostics", "a file stands there");
  EXPECT_TRUE(all.begin({}));
  EXPECT_EQ(all.keep("snapshot.txt", "x"), std::nullopt);
  EXPECT_EQ(all.restarts(), std::nullopt);
  EXPECT_THAT(all.list(), IsEmpty());
  diagnostics nowhere(state.file("missing"));
  EXPECT_TRUE(nowhere.begin({}));
  EXPECT_THAT(nowhere.list(), IsEmpty());
}

TEST_F(kept_diagnostics, with_a_torn_file_are_shown_as_far_as_they_are_whole) {
  restart();
  state.write("diagnostics/1-ServerSilent/about.json", "{\"at\": \"20");
  state.write("diagnostics/1-ServerSilent/hook-a.txt.tmp", "half of wh");
  state.write("diagnostics/x-Else/snapshot.txt", "somebody else's");
  ASSERT_EQ(numbers(), std::vector<std::uint64_t>{1});
  const auto only = all.list().front();
  EXPECT_EQ(only.at, "");
  EXPECT_EQ(only.about.reason, "ServerSilent");
  ASSERT_EQ(only.files.size(), 1u);
  EXPECT_EQ(only.files[0].name, "snapshot.txt");
  restart();
  EXPECT_THAT(numbers(), ElementsAre(1, 2));
}

TEST_F(kept_diagnostics, never_lead_out_of_their_directory) {
  restart();
  state.write("ledger.json", "{}");
  std::filesystem::create_symlink(state.file("ledger.json"), state.file("diagnostics/1-ServerSilent/link.txt"));
  const auto only = all.list().front();
  ASSERT_EQ(only.files.size(), 1u);
  for (const char* name :
       {"../../ledger.json", "link.txt", "about.json/..", "..", ".", "", "/etc/passwd", "about.json"}) {
    EXPECT_THAT(text(only, name), HasSubstr("error: open")) << name;
  }
}

TEST(diagnostics_for_a_terminal, have_no_control_characters_and_no_broken_text) {
  EXPECT_EQ(printable("a\tb\n\x1b[31mred\x07 \xff\xc3\xa4 \xc2\x9b\r\n"), "a\tb\n?[31mred? ?\xc3\xa4 ??\n");
  EXPECT_EQ(printable(std::string_view("\0\xe2\x82", 3)), "???");
}

}  // namespace
}  // namespace podmedic
