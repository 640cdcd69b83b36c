// What a life of podmedic knows of the containers that the life before it has watched.
#include "supervisor/policy/medic.hpp"
#include "test/unit/policy/medic_driver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace podmedic::policy {
namespace {

constexpr instant server_started{std::chrono::hours(5)};
constexpr wall_time wall{std::chrono::hours(24 * 365 * 50)};

rules one_probe() {
  rules use;
  use.in_mode = mode::enforce;
  use.probes = {{.name = "engine", .container = "engine"}};
  return use;
}

medic life_with(ledger book, instant now) {
  return medic({.use = one_probe(),
                .book = std::move(book),
                .found = book_found::sound,
                .damage = {},
                .last_restart = fate::cannot_tell,
                .seed = 1},
               now);
}

/// The ledger of a life in which the server has passed, as it is read back.
ledger after_a_pass() {
  medic life = life_with({}, server_started - seconds(1));
  life.step(event::container_started{"engine", server_started}, server_started, wall);
  const auto actions = life.step(event::check_done{"engine", pass{}}, server_started + seconds(2), wall);
  const auto is_save = [](const any_action& a) { return std::holds_alternative<action::save>(a); };
  EXPECT_TRUE(std::any_of(actions.begin(), actions.end(), is_save))
      << "the pass must not be forgotten with the process";
  auto read = read_ledger(life.book().to_json());
  return std::get<ledger>(std::move(read));
}

/// The phase after six failures of a server that started at `started`, in a life that begins a minute after the pass.
phase after_failures(ledger book, instant started) {
  const instant begin = server_started + minutes(1);
  medic life = life_with(std::move(book), begin);
  life.step(event::container_started{"engine", started}, begin, wall);
  for (int i = 1; i <= 6; ++i) {
    test::step_with_disk(life, event::check_done{"engine", fail{{"TimedOut", "no answer"}}}, begin + seconds(i), wall);
  }
  return life.in();
}

TEST(earlier_life, its_pass_ends_the_warm_up_of_a_server_that_still_runs) {
  EXPECT_EQ(after_failures(after_a_pass(), server_started), phase::draining);
}

TEST(earlier_life, its_pass_says_nothing_of_a_server_that_was_started_since) {
  EXPECT_EQ(after_failures(after_a_pass(), server_started + seconds(30)), phase::starting);
}

TEST(earlier_life, without_a_pass_the_server_still_warms_up) {
  EXPECT_EQ(after_failures({}, server_started), phase::starting);
}

TEST(earlier_life, its_passes_do_not_outlive_the_boot_whose_processes_passed) {
  ledger book = after_a_pass();
  ASSERT_FALSE(book.passed.empty());
  book.move_to_boot("another boot");
  EXPECT_TRUE(book.passed.empty());
}

TEST(earlier_life, no_warm_up_is_learned_from_a_start_that_it_saw_and_this_one_did_not) {
  medic life = life_with(after_a_pass(), server_started + minutes(1));
  const auto before = life.book().warm_ups;
  life.step(event::container_started{"engine", server_started}, server_started + minutes(1), wall);
  life.step(event::check_done{"engine", pass{}}, server_started + minutes(2), wall);
  EXPECT_EQ(life.book().warm_ups, before);
}

/// A life that begins with the restart of all containers, a minute after the server's last start.
medic life_after_restart(ledger book) {
  const instant exit = server_started + minutes(1);
  book.add({.at = exit, .scope = "Pod", .probe = "engine", .exited = true});
  return life_with(std::move(book), exit + seconds(1));
}

TEST(earlier_life, a_server_that_passed_in_it_keeps_the_pod_out_of_traffic_until_it_is_there_again_and_passes) {
  medic life = life_after_restart(after_a_pass());
  const instant begin = server_started + minutes(1) + seconds(1);
  life.step(event::check_done{"engine", unknown{{"NoProcess", "not started yet"}}}, begin, wall);
  EXPECT_FALSE(life.ready());
  life.step(event::container_started{"engine", begin + seconds(1)}, begin + seconds(1), wall);
  EXPECT_FALSE(life.ready());
  life.step(event::check_done{"engine", fail{{"ConnectionRefused", "warming up"}}}, begin + seconds(2), wall);
  EXPECT_FALSE(life.ready());
  life.step(event::check_done{"engine", pass{}}, begin + seconds(3), wall);
  EXPECT_TRUE(life.ready());
}

TEST(earlier_life, a_probe_that_never_passed_in_it_and_cannot_be_asked_keeps_no_pod_out_of_traffic) {
  medic life = life_after_restart({});
  life.step(event::check_done{"engine", unknown{{"NoProcess", "no such container"}}}, server_started + minutes(2),
            wall);
  EXPECT_TRUE(life.ready());
}

}  // namespace
}  // namespace podmedic::policy
