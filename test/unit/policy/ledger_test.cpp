#include "supervisor/policy/ledger.hpp"
#include "supervisor/policy/arbiter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

namespace podmedic::policy {
namespace {

using std::chrono::hours;
using testing::HasSubstr;

/// Every field differs from its default and from the other fields.
ledger full() {
  ledger book;
  book.boot = "5f8a2d1c-boot";
  restart_record first;
  first.at = instant(seconds(1001));
  first.wall = wall_time(seconds(1'800'000'002));
  first.scope = "Pod";
  first.probe = "engine";
  first.why = {"DeadlineExceeded", "no answer within 1 s \xE2\x80\x94 \"health\"\n"};
  first.wait_after = seconds(14);
  first.ended = outcome::recovered;
  first.exited = true;
  first.detection = seconds(5);
  first.waited = seconds(6);
  first.drained = seconds(7);
  first.first_pass = seconds(8);
  first.recovery = seconds(9);
  first.recovered_at = instant(seconds(1070));
  first.containers_up = seconds(4);
  first.latency_before = latency{milliseconds(18), milliseconds(19), 20};
  first.latency_after = latency{milliseconds(21), milliseconds(22), 23};
  first.metrics_before = {{"errors / requests", 0.25}};
  first.metrics_after = {{"errors / requests", 1e-9}, {"queue", -1}};
  restart_record second;
  second.at = instant(seconds(1200));
  second.scope = "engine";
  second.requested_by = "kim";
  second.wait_after = seconds(15);
  second.ended = outcome::not_executed;
  book.restarts = {first, second};
  book.lives = {{instant(seconds(900)), true}, {instant(seconds(1003)), false}};
  book.warm_ups = {milliseconds(16), milliseconds(17)};
  book.distrusted_until = instant(seconds(1700));
  book.healed_at = instant(seconds(1300));
  book.calm_at = instant(seconds(1400));
  book.drained_at = instant(seconds(1500));
  book.passed = {{"engine", instant(seconds(950))}};
  book.first_annotations = {{"podmedic.io/mode", "Enforce"}, {"probe.podmedic.io/engine", "{grpc: {port: 8001}}"}};
  return book;
}

bool is_damage(std::string_view text) {
  return std::holds_alternative<ledger_damage>(read_ledger(text));
}
std::string damage_of(std::string_view text) {
  const auto read = read_ledger(text);
  const auto* damage = std::get_if<ledger_damage>(&read);
  return damage == nullptr ? "" : damage->message;
}
std::string changed(const std::function<void(nlohmann::json&)>& change) {
  auto document = nlohmann::json::parse(full().to_json());
  change(document);
  return document.dump(1) + "\n";
}

TEST(Ledger, SurvivesItsText) {
  for (const ledger& book : {ledger{}, full()}) {
    const auto read = read_ledger(book.to_json());
    ASSERT_TRUE(std::holds_alternative<ledger>(read)) << std::get<ledger_damage>(read).message;
    EXPECT_EQ(std::get<ledger>(read), book);
  }
}

TEST(Ledger, SurvivesEveryOutcome) {
  for (const outcome o :
       {outcome::pending, outcome::recovered, outcome::relapsed, outcome::not_executed, outcome::not_honoured}) {
    ledger book = full();
    book.last()->ended = o;
    EXPECT_EQ(std::get<ledger>(read_ledger(book.to_json())), book) << to_text(o);
  }
}

TEST(Ledger, WritesEachFieldSoThatNoTwoLedgersShareAText) {
  const std::vector<std::function<void(ledger&)>> changes{
      [](ledger& l) { l.boot = "x"; },
      [](ledger& l) { l.restarts.pop_back(); },
      [](ledger& l) { l.restarts[0].at += milliseconds(1); },
      [](ledger& l) { l.restarts[0].wall += milliseconds(1); },
      [](ledger& l) { l.restarts[0].scope = "x"; },
      [](ledger& l) { l.restarts[0].probe = "x"; },
      [](ledger& l) { l.restarts[0].why.reason = "x"; },
      [](ledger& l) { l.restarts[0].why.message = "x"; },
      [](ledger& l) { l.restarts[0].requested_by = "x"; },
      [](ledger& l) { l.restarts[0].wait_after += milliseconds(1); },
      [](ledger& l) { l.restarts[0].ended = outcome::pending; },
      [](ledger& l) { l.restarts[0].exited = false; },
      [](ledger& l) { l.restarts[0].by = method::signal_all; },
      [](ledger& l) { l.restarts[1].by = method::eviction; },
      [](ledger& l) { l.restarts[0].detection += milliseconds(1); },
      [](ledger& l) { l.restarts[0].waited += milliseconds(1); },
      [](ledger& l) { l.restarts[0].drained += milliseconds(1); },
      [](ledger& l) { l.restarts[0].first_pass.reset(); },
      [](ledger& l) { l.restarts[0].recovery.reset(); },
      [](ledger& l) { l.restarts[0].recovered_at.reset(); },
      [](ledger& l) { l.restarts[0].containers_up.reset(); },
      [](ledger& l) { l.restarts[0].latency_before.reset(); },
      [](ledger& l) { l.restarts[0].latency_after->p50 += milliseconds(1); },
      [](ledger& l) { l.restarts[0].latency_after->p99 += milliseconds(1); },
      [](ledger& l) { l.restarts[0].latency_after->checks = 1; },
      [](ledger& l) { l.restarts[0].metrics_before.clear(); },
      [](ledger& l) { l.restarts[0].metrics_after["queue"] = 0.1; },
      [](ledger& l) { l.lives.pop_back(); },
      [](ledger& l) { l.lives[0].started += milliseconds(1); },
      [](ledger& l) { l.lives[0].clean = false; },
      [](ledger& l) { l.warm_ups[0] += milliseconds(1); },
      [](ledger& l) { l.distrusted_until.reset(); },
      [](ledger& l) { l.healed_at.reset(); },
      [](ledger& l) { l.calm_at.reset(); },
      [](ledger& l) { l.passed["engine"] += milliseconds(1); },
      [](ledger& l) { l.passed["proxy"] = {}; },
      [](ledger& l) { l.first_annotations.clear(); },
  };
  for (const auto& change : changes) {
    ledger book = full();
    change(book);
    ASSERT_NE(book, full());
    EXPECT_EQ(std::get<ledger>(read_ledger(book.to_json())), book) << "change " << &change - changes.data();
  }
}

TEST(Ledger, OfAVersionThatDidNotMeasureIsRead) {
  ledger book = full();
  restart_record& r = book.restarts[0];
  r.containers_up.reset();
  r.latency_before.reset();
  r.latency_after.reset();
  r.metrics_before.clear();
  r.metrics_after.clear();
  const std::string text = book.to_json();
  for (const char* newer : {"containersUp", "latency", "metrics"}) EXPECT_EQ(text.find(newer), std::string::npos);
  EXPECT_EQ(std::get<ledger>(read_ledger(text)), book);
}

TEST(Ledger, WithAMeasureThatIsNoneIsDamage) {
  const auto with = [](const char* field, nlohmann::json value) {
    auto changed = nlohmann::json::parse(full().to_json());
    changed["restarts"][0][field] = std::move(value);
    return changed.dump(1) + "\n";
  };
  ASSERT_FALSE(is_damage(with("containersUpMilliseconds", 5)));
  EXPECT_TRUE(is_damage(with("containersUpMilliseconds", "5")));
  EXPECT_TRUE(is_damage(with("latencyAfter", {{"p50Milliseconds", -1}, {"p99Milliseconds", 2}, {"checks", 3}})));
  EXPECT_TRUE(is_damage(with("latencyAfter", {{"p50Milliseconds", 1}, {"checks", 3}})));
  EXPECT_TRUE(is_damage(with("metricsAfter", {{"queue", "many"}})));
  EXPECT_TRUE(is_damage(with("metricsAfter", nlohmann::json::array({1}))));
}

TEST(Ledger, EveryTornPrefixIsDamage) {
  const std::string text = full().to_json();
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_TRUE(is_damage(text.substr(0, length))) << length << " of " << text.size() << " bytes";
  }
}

TEST(Ledger, EveryTornSuffixAndEveryHoleIsDamage) {
  const std::string text = full().to_json();
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    EXPECT_TRUE(is_damage(text.substr(cut))) << "without its first " << cut << " bytes";
    std::string zeroed = text;  // a file whose blocks were not written before the power went
    std::fill(zeroed.begin() + static_cast<std::ptrdiff_t>(cut), zeroed.end(), '\0');
    EXPECT_TRUE(is_damage(zeroed)) << "zeros from byte " << cut << " on";
  }
}

TEST(Ledger, AFlippedBitIsDamageOrAnotherValueButNeverACrash) {
  const std::string text = full().to_json();
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string flipped = text;
    flipped[at] = static_cast<char>(static_cast<unsigned char>(flipped[at]) ^ (1U << (at % 8)));
    const auto read = read_ledger(flipped);
    const auto* book = std::get_if<ledger>(&read);
    EXPECT_TRUE(book == nullptr || book->restarts.size() == full().restarts.size());
  }
}

TEST(Ledger, AnotherVersionIsDamage) {
  for (const nlohmann::json& version : {nlohmann::json(0), nlohmann::json(2), nlohmann::json(-1), nlohmann::json(1.0),
                                        nlohmann::json("1"), nlohmann::json(nullptr), nlohmann::json(1e300)}) {
    EXPECT_TRUE(is_damage(changed([&](auto& d) { d["version"] = version; }))) << version;
  }
  EXPECT_EQ(damage_of(changed([](auto& d) { d["version"] = 2; })), "version 2 is not 1");
}

TEST(Ledger, HostileTextIsDamage) {
  const std::vector<std::string> rows{
      "",
      "{}",
      "[]",
      "null",
      "0",
      "\"\"",
      "{",
      "\xff\xfe",
      std::string(3, '\0'),
      std::string(1'000'000, '['),  // deep
      std::string(100'000, '{'),
      "{\"version\":1}",
      full().to_json() + full().to_json(),      // twice
      full().to_json() + " ",                   // not as it is written
      "\xEF\xBB\xBF" + full().to_json(),        // a byte order mark
      changed([](auto& d) { d["more"] = 1; }),  // a field of a later version
      changed([](auto& d) { d.erase("lives"); }),
      changed([](auto& d) { d["restarts"] = nlohmann::json::object(); }),
      changed([](auto& d) { d["restarts"][0].erase("outcome"); }),
      changed([](auto& d) { d["restarts"][0]["outcome"] = "Healed"; }),
      changed([](auto& d) { d["restarts"][0]["outcome"] = 1; }),
      changed([](auto& d) { d["restarts"][0]["exited"] = 1; }),
      changed([](auto& d) { d["restarts"][0]["atMilliseconds"] = "5"; }),
      changed([](auto& d) { d["restarts"][0]["atMilliseconds"] = nullptr; }),
      changed([](auto& d) { d["restarts"][0]["atMilliseconds"] = true; }),
      changed([](auto& d) { d["restarts"][0]["atMilliseconds"] = 1.5; }),
      changed([](auto& d) { d["restarts"][0]["atMilliseconds"] = 1e300; }),
      changed([](auto& d) { d["restarts"][0]["atMilliseconds"] = std::numeric_limits<std::int64_t>::min(); }),
      changed([](auto& d) { d["restarts"][1]["atMilliseconds"] = std::numeric_limits<std::int64_t>::max(); }),
      changed([](auto& d) { d["restarts"][1]["atMilliseconds"] = std::numeric_limits<std::uint64_t>::max(); }),
      changed([](auto& d) { d["restarts"][1]["atMilliseconds"] = 0; }),  // out of order
      changed([](auto& d) { d["restarts"][0]["waitAfterMilliseconds"] = std::numeric_limits<std::int64_t>::max(); }),
      changed([](auto& d) { d["restarts"][0]["waitAfterMilliseconds"] = -1; }),  // a wait that ended before it began
      changed([](auto& d) { d["restarts"][0]["method"] = "Delete"; }),
      changed([](auto& d) { d["restarts"][0]["method"] = "Restart"; }),  // which is never written
      changed([](auto& d) { d["lives"][0]["clean"] = nullptr; }),
      changed([](auto& d) { d["lives"] = std::vector<nlohmann::json>(65, d["lives"][0]); }),
      changed([](auto& d) { d["restarts"] = std::vector<nlohmann::json>(65, d["restarts"][0]); }),
      changed([](auto& d) { d["passedMilliseconds"] = nlohmann::json::array({1}); }),
      changed([](auto& d) { d["passedMilliseconds"]["engine"] = "always"; }),
      changed([](auto& d) { d["warmUpsMilliseconds"][0] = "soon"; }),
      changed([](auto& d) { d["warmUpsMilliseconds"][0] = -1; }),  // would shorten patience to nothing
      changed([](auto& d) { d["firstAnnotations"] = 7; }),
      changed([](auto& d) { d["firstAnnotations"]["podmedic.io/mode"] = 7; }),
      changed([](auto& d) { d["boot"] = 1; }),
  };
  for (const std::string& text : rows) {
    EXPECT_TRUE(is_damage(text)) << "row " << &text - rows.data() << ": " << text.substr(0, 60);
    EXPECT_FALSE(damage_of(text).empty());
  }
}

TEST(Ledger, TakesTextThatIsNoUtf8AndCanBeReadBack) {
  ledger book = full();
  book.restarts[0].why.message = "answered \xff\xfe";
  const auto read = read_ledger(book.to_json());
  ASSERT_TRUE(std::holds_alternative<ledger>(read)) << std::get<ledger_damage>(read).message;
  EXPECT_THAT(std::get<ledger>(read).restarts[0].why.message, HasSubstr("answered "));
}

TEST(Ledger, KeepsTheLastRestarts) {
  ledger book;
  for (int i = 0; i < 100; ++i) {
    restart_record r;
    r.at = instant(seconds(i));
    book.add(r);
  }
  ASSERT_EQ(book.restarts.size(), ledger::most_restarts);
  EXPECT_EQ(book.restarts.front().at, instant(seconds(100 - 64)));
  EXPECT_EQ(book.last()->at, instant(seconds(99)));
}

TEST(Ledger, StaysAsItIsWithinABoot) {
  ledger book = full();
  book.move_to_boot(book.boot);
  EXPECT_EQ(book, full());
}

TEST(Ledger, KeepsDistancesInAnotherBoot) {
  ledger book = full();
  book.move_to_boot("another");
  EXPECT_EQ(book.boot, "another");
  const milliseconds shift = book.restarts[0].at - full().restarts[0].at;
  EXPECT_EQ(shift, -seconds(1400))
      << "the last that is known of the old boot is calm_at, and that is now the clock's zero";
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(book.restarts[i].at - full().restarts[i].at, shift);
    EXPECT_EQ(book.lives[i].started - full().lives[i].started, shift);
  }
  EXPECT_EQ(*book.restarts[0].recovered_at - *full().restarts[0].recovered_at, shift);
  EXPECT_EQ(*book.distrusted_until - *full().distrusted_until, shift);
  EXPECT_EQ(*book.healed_at - *full().healed_at, shift);
  EXPECT_EQ(*book.calm_at - *full().calm_at, shift);
  EXPECT_EQ(book.restarts[0].wait_after, full().restarts[0].wait_after) << "spans are no instants";
  EXPECT_EQ(book.warm_ups, full().warm_ups);
  EXPECT_TRUE(book.passed.empty()) << "no process of the old boot is left";
}

TEST(Ledger, NeverMakesAnythingOlderThanItMayBe) {
  // Whatever is the last thing known of the old boot, nothing of it may lie after the new boot's zero, or it would seem
  // to be in the future; and nothing may seem older than it was at that moment.
  const std::vector<std::function<void(ledger&)>> last_known{
      [](ledger& l) { l.restarts[1].at = instant(seconds(5000)); },
      [](ledger& l) { l.restarts[0].recovered_at = instant(seconds(5000)); },
      [](ledger& l) { l.lives[1].started = instant(seconds(5000)); },
      [](ledger& l) { l.healed_at = instant(seconds(5000)); },
      [](ledger& l) { l.calm_at = instant(seconds(5000)); },
  };
  for (const auto& set : last_known) {
    ledger book = full();
    set(book);
    const milliseconds age = instant(seconds(5000)) - book.restarts[0].at;  // at least so old when the node went down
    book.move_to_boot("another");
    EXPECT_EQ(instant{} - book.restarts[0].at, age) << "row " << &set - last_known.data();
  }
}

TEST(Ledger, ADistrustThatBeganBeforeARebootIsNotOverSooner) {
  ledger book;
  book.lives = {{instant(seconds(5000)), false}};
  book.distrusted_until = instant(seconds(5600));
  book.move_to_boot("another");
  EXPECT_EQ(book.distrusted_until, instant(seconds(600)));
}

TEST(Ledger, SurvivesManyBootsWithoutForgettingARestart) {
  ledger book = full();
  book.distrusted_until.reset();
  for (int boot = 0; boot < 100; ++boot) {
    book.move_to_boot("boot " + std::to_string(boot));
    book.lives = {{instant(seconds(1)), false}};  // up for a second each time
    EXPECT_EQ(std::get<ledger>(read_ledger(book.to_json())), book);
  }
  EXPECT_EQ(instant{} - book.restarts[1].at, seconds(200 + 99)) << "each second that the node was surely up";
  EXPECT_EQ(spent({.restarts = 5, .window = hours(1)}, book, instant(seconds(1))), 2);
}

}  // namespace
}  // namespace podmedic::policy
