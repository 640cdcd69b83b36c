#include "probes/credential_judge.hpp"

#include "test/unit/probes/verdict_text.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace podmedic::probes {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t noon = 1'770'000'000;  // seconds since 1970
constexpr std::int64_t hour = 3600;

credential_settings served() {
  return {.file = "/certs/tls.crt", .served_at = "127.0.0.1:8443", .max_load_delay = 120s};
}
credential_settings read_at_start() {
  return {.file = "/certs/tls.crt", .served_at = "", .read_at_start = true, .max_load_delay = 120s};
}

/// The certificate of that number on file, the one of another number presented: each is an hour younger than the one
/// before.
credential_sample sample_of(int on_file, int shown) {
  const auto from = [](int number) { return noon + (number - 10) * hour; };
  credential_sample sample;
  sample.print = std::to_string(on_file);
  sample.valid_from = from(on_file);
  sample.valid_until = from(on_file) + 100 * hour;
  sample.now = noon;
  sample.key_fits = true;
  sample.served = {std::to_string(shown), from(shown), from(shown) + 100 * hour, true};
  return sample;
}

bool forbids(const verdict& found) {
  const auto* nothing = std::get_if<unknown>(&found);
  return nothing != nullptr && nothing->forbids_restart;
}

TEST(a_served_certificate, must_be_the_one_on_file_once_there_was_time_to_load_it) {
  const struct {
    const char* what;
    int on_file;
    int shown;
    milliseconds at;
    const char* expected;
  } rows[] = {
      {"the same", 1, 1, 0s, "Pass"},
      {"rotated, and loaded at once", 2, 2, 10s, "Pass"},
      {"rotated", 3, 2, 1000s, "Pass"},
      {"within the delay", 3, 2, 1119s, "Pass"},
      {"beyond it", 3, 2, 1120s, "Fail NotReloaded"},
      {"rotated again: time to load that one", 4, 2, 1130s, "Pass"},
      {"beyond it too", 4, 2, 1250s, "Fail NotReloaded"},
      {"a late reload", 4, 4, 1260s, "Pass"},
      {"a worker that came back with an old one", 4, 3, 1270s, "Fail NotReloaded"},
      {"put back on file, and loaded long since", 2, 2, 1300s, "Pass"},
      {"put back on file, the later one is presented", 2, 4, 1310s, "Pass"},
      {"and goes on to be", 2, 4, 1420s, "Fail NotReloaded"},
  };
  credential_judge judge(served(), "");
  for (const auto& row : rows) {
    EXPECT_EQ(verdict_text(judge.judge(sample_of(row.on_file, row.shown), row.at)), row.expected) << row.what;
  }
}

TEST(a_served_certificate, that_was_never_seen_on_file_fails_only_as_an_older_one_of_the_same_purpose) {
  const auto after_the_delay = [](const credential_sample& sample) {
    credential_judge judge(served(), "");
    judge.judge(sample, 0s);
    return verdict_text(judge.judge(sample, 1000s));
  };
  credential_sample sample = sample_of(5, 4);
  EXPECT_EQ(after_the_delay(sample), "Fail NotReloaded") << "podmedic was started after the rotation";
  EXPECT_EQ(after_the_delay(sample_of(4, 5)), "Unknown OtherCertificateServed") << "younger than the file's";
  sample.served->same_purpose = false;
  EXPECT_EQ(after_the_delay(sample), "Unknown OtherCertificateServed") << "for other names, or another type of key";
  sample.served.reset();
  sample.not_served = "connection refused";
  EXPECT_EQ(after_the_delay(sample), "Unknown CouldNotAsk");
}

TEST(a_credential, that_a_new_process_could_not_use_forbids_a_restart) {
  const credential_sample good = sample_of(5, 5);
  credential_sample half = good, expired = good, early = good, late = good;
  half.key_fits = false;
  expired.now = *good.valid_until;
  early.now = *good.valid_from - 1;
  late.now = *good.valid_until - 1;
  const struct {
    const char* what;
    credential_sample sample;
    const char* expected;
    bool forbids;
  } rows[] = {
      {"a good one", good, "Pass", false},
      {"its last second", late, "Pass", false},
      {"half-rotated", half, "Unknown KeyDoesNotMatch", true},
      {"expired", expired, "Unknown CredentialExpired", true},
      {"not yet valid", early, "Unknown CredentialNotYetValid", true},
      {"good again", good, "Pass", false},
  };
  credential_judge judge(served(), "");
  for (const auto& row : rows) {
    const verdict found = judge.judge(row.sample, 0s);
    EXPECT_EQ(verdict_text(found), row.expected) << row.what;
    EXPECT_EQ(forbids(found), row.forbids) << row.what;
  }
}

TEST(a_credential, that_is_bad_and_not_loaded_either_is_no_reason_to_restart) {
  for (const bool fits : {true, false}) {
    credential_judge judge(served(), "");
    judge.judge(sample_of(1, 1), 0s);
    credential_sample rotated = sample_of(2, 1);
    rotated.key_fits = fits;
    judge.judge(rotated, 10s);
    const verdict found = judge.judge(rotated, 1000s);
    EXPECT_EQ(verdict_text(found), fits ? "Fail NotReloaded" : "Unknown KeyDoesNotMatch");
    EXPECT_EQ(forbids(found), !fits);
  }
}

TEST(a_credential, may_warn_before_it_expires_and_restarts_nothing_for_it) {
  credential_settings settings = served();
  settings.min_validity = 2h;
  credential_judge judge(settings, "");
  credential_sample sample = sample_of(5, 5);
  sample.now = *sample.valid_until - 2 * hour;
  EXPECT_EQ(verdict_text(judge.judge(sample, 0s)), "Pass");
  ++sample.now;
  const verdict found = judge.judge(sample, 1s);
  EXPECT_EQ(verdict_text(found), "Unknown CredentialExpiresSoon");
  EXPECT_FALSE(forbids(found));
}

TEST(a_credential, never_fails_by_a_step_of_the_wall_clock) {
  for (const std::int64_t step : {-1000 * hour, -hour, hour, 1000 * hour}) {
    credential_judge judge(served(), "");
    judge.judge(sample_of(1, 1), 0s);
    credential_sample rotated = sample_of(2, 1);
    for (milliseconds at = 1s; at < 120s; at += 7s) {
      rotated.now = noon + (at > 60s ? step : 0);
      EXPECT_FALSE(std::holds_alternative<fail>(judge.judge(rotated, at))) << step << " at " << at.count();
    }
  }
}

TEST(a_credential_that_is_read_at_start, must_be_older_than_the_process) {
  const main_process first{17, 1000, "b"}, second{40, 5000, "b"};
  const struct {
    const char* what;
    int on_file;
    main_process main;
    milliseconds at;
    const char* expected;
  } rows[] = {
      {"as it started", 1, first, 0s, "Pass"},
      {"rotated", 2, first, 10s, "Pass"},
      {"time for a helper beside it to restart it", 2, first, 129s, "Pass"},
      {"nobody has", 2, first, 130s, "Fail NotReloaded"},
      {"restarted", 2, second, 140s, "Pass"},
      {"for good", 2, second, 1000s, "Pass"},
  };
  credential_judge judge(read_at_start(), "");
  for (const auto& row : rows) {
    credential_sample sample = sample_of(row.on_file, row.on_file);
    sample.main = row.main;
    EXPECT_EQ(verdict_text(judge.judge(sample, row.at)), row.expected) << row.what;
  }
  EXPECT_NE(judge.memory(), "");
  credential_judge next_life(read_at_start(), judge.memory());
  credential_sample rotated = sample_of(3, 3);
  rotated.main = second;
  next_life.judge(rotated, 0s);
  EXPECT_EQ(verdict_text(next_life.judge(rotated, 120s)), "Fail NotReloaded") << "rotated while podmedic was away";
}

TEST(a_token, that_was_rotated_is_no_reason_for_anything) {
  for (const credential_settings& settings : {served(), read_at_start()}) {
    credential_judge judge(settings, "");
    for (int i = 0; i < 100; ++i) {
      credential_sample token;
      token.token = true;
      token.print = std::to_string(i);
      token.now = noon + i * hour;
      token.valid_until = token.now + hour;
      token.main = main_process{17, 1000, "b"};
      EXPECT_EQ(verdict_text(judge.judge(token, i * 1h)), "Pass");
      EXPECT_EQ(verdict_text(judge.judge(token, i * 1h + 59min)), "Pass") << "the process has had an hour to read it";
    }
    credential_sample expired;
    expired.token = true;
    expired.now = noon;
    expired.valid_until = noon;
    const verdict found = judge.judge(expired, 1000h);
    EXPECT_EQ(verdict_text(found), "Unknown CredentialExpired");
    EXPECT_TRUE(forbids(found));
  }
}

TEST(a_credential, has_samples_that_are_read_as_they_were_written) {
  credential_sample sample = sample_of(2, 1);
  sample.main = main_process{17, 1000, "b"};
  EXPECT_EQ(sample.to_text(),
            "boot=b from=1769971200 keyFits=1 main=17 now=1770000000 print=2 served=1 servedFrom=1769967600 "
            "servedSamePurpose=1 servedUntil=1770327600 started=1000 type=certificate until=1770331200");
  EXPECT_EQ(credential_sample::parse(sample.to_text()).to_text(), sample.to_text());
  credential_sample token;
  token.token = true;
  token.print = "t";
  token.not_served = "refused by 127.0.0.1";
  EXPECT_EQ(credential_sample::parse(token.to_text()).to_text(), token.to_text());
  EXPECT_THROW(credential_sample::parse("now=1"), std::invalid_argument);
}

}  // namespace
}  // namespace podmedic::probes
