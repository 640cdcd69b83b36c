#include "base/fields.hpp"
#include "base/scalars.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace podmedic {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

/// Reads every field of this schema, the way a probe kind does.
struct schema {
  std::int64_t count = -1;
  double ratio = -1;
  bool flag = false;
  milliseconds wait{-1};
  std::int64_t size = -1;
  std::string name;
  std::size_t color = 99;
  std::vector<std::uint16_t> ports;
  std::vector<std::string> texts;
  std::map<std::string, std::string> headers;
  std::int64_t inner = -1;
  mistakes found;
  bool failed = false;
};

constexpr std::string_view colors[] = {"Red", "Green", "InService"};

schema read(std::string_view text) {
  schema result;
  fields in = fields::parse("probe.podmedic.io/engine", text, result.found);
  result.count = in.integer("count", 7, 1, 10);
  result.ratio = in.number("ratio", 0.5, 0, 1);
  result.flag = in.flag("flag", true);
  result.wait = in.seconds("waitSeconds", seconds(3), seconds(1), seconds(60));
  result.size = in.bytes("size", 5, 1, std::int64_t{1} << 40);
  result.name = in.text("name", "nobody");
  result.color = in.word("color", 1, colors);
  result.ports = in.ports("ports");
  result.texts = in.texts("texts");
  result.headers = in.text_map("headers");
  if (auto inside = in.object("inside")) {
    result.inner = inside->integer("inner", 0, 0, 5);
    inside->finish();
  }
  for (fields& each : in.objects("list")) {
    each.integer("inner", 0, 0, 5);
    each.finish();
  }
  in.finish();
  result.failed = in.failed();
  return result;
}

TEST(fields, read_every_type) {
  const schema read_back = read(R"({count: 3, ratio: 0.25, flag: false, waitSeconds: 1.5, size: 2Ki, name: x,
    color: Red, ports: [80, 443], texts: [a, "b"], headers: {X-A: "1", B: 2},
    inside: {inner: 4}, list: [{inner: 1}]})");
  EXPECT_THAT(read_back.found, IsEmpty());
  EXPECT_FALSE(read_back.failed);
  EXPECT_EQ(read_back.count, 3);
  EXPECT_EQ(read_back.ratio, 0.25);
  EXPECT_FALSE(read_back.flag);
  EXPECT_EQ(read_back.wait, milliseconds(1500));
  EXPECT_EQ(read_back.size, 2048);
  EXPECT_EQ(read_back.name, "x");
  EXPECT_EQ(read_back.color, 0U);
  EXPECT_THAT(read_back.ports, ElementsAre(80, 443));
  EXPECT_THAT(read_back.texts, ElementsAre("a", "b"));
  EXPECT_THAT(read_back.headers, ElementsAre(Pair("B", "2"), Pair("X-A", "1")));
  EXPECT_EQ(read_back.inner, 4);
}

TEST(fields, that_are_absent_give_the_fallback_without_a_mistake) {
  const schema read_back = read("{}");
  EXPECT_THAT(read_back.found, IsEmpty());
  EXPECT_EQ(read_back.count, 7);
  EXPECT_EQ(read_back.ratio, 0.5);
  EXPECT_TRUE(read_back.flag);
  EXPECT_EQ(read_back.wait, seconds(3));
  EXPECT_EQ(read_back.size, 5);
  EXPECT_EQ(read_back.name, "nobody");
  EXPECT_EQ(read_back.color, 1U);
}

TEST(fields, text_stays_text_whatever_it_looks_like) {
  for (const auto& [yaml, text] : std::map<std::string, std::string>{
           {"name: y", "y"},                // YAML 1.1's yes
           {"name: n", "n"},                //
           {"name: 8001", "8001"},          // looks like a number
           {"name: 1.10", "1.10"},          // would lose its zero as a number
           {"name: 0x10", "0x10"},          //
           {"name: true", "true"},          //
           {"name: 12:30:00", "12:30:00"},  // YAML 1.1's sexagesimal
           {"name: \"null\"", "null"},      //
           {"name: 'it''s'", "it's"},       //
           {"name: \"\"", ""},              // empty, and given
           {"name: |\n  a\n  b\n", "a\nb\n"},
       }) {
    const schema read_back = read(yaml);
    EXPECT_THAT(read_back.found, IsEmpty()) << yaml;
    EXPECT_EQ(read_back.name, text) << yaml;
  }
}

TEST(fields, read_kubernetes_quantities) {
  for (const auto& [text, bytes] : std::map<std::string, std::int64_t>{
           {"1048576", 1048576},
           {"1Mi", 1048576},
           {"\"1Mi\"", 1048576},  // quotes are allowed, as in Kubernetes
           {"500k", 500'000},
           {"1e6", 1'000'000},
           {"1E3", 1000},  // an exponent, while 1E would be an exabyte
           {"1e+3", 1000},
           {"1.5Ki", 1536},
           {"2.50", 0},  // no whole number of bytes: the fallback
           {"0.5k", 500},
           {"1Gi", 1 << 30},
       }) {
    mistakes found;
    fields in = fields::parse("x", "size: " + text, found);
    EXPECT_EQ(in.bytes("size", 0, 1, std::int64_t{1} << 40), bytes) << text;
    EXPECT_EQ(found.empty(), bytes != 0) << text;
  }
}

TEST(fields, read_seconds_to_the_millisecond) {
  for (const auto& [text, milli] :
       std::map<std::string, int>{{"2", 2000}, {"0.25", 250}, {"0.001", 1}, {"1.10", 1100}, {"60", 60000}}) {
    mistakes found;
    fields in = fields::parse("x", "waitSeconds: " + text, found);
    EXPECT_EQ(in.seconds("waitSeconds", seconds(0), seconds(0), seconds(60)), milliseconds(milli)) << text;
    EXPECT_THAT(found, IsEmpty()) << text;
  }
}

struct mistake_row {
  std::string yaml;
  int line;
  int column;
  std::string field;
  std::string message;  ///< a part of it
};

TEST(fields, name_every_mistake_with_its_place) {
  const mistake_row rows[] = {
      // Types.
      {"{count: x}", 1, 9, "count", "expected a whole number, found \"x\""},
      {"count: [1]", 1, 8, "count", "expected a whole number, found a list"},
      {"{count: {a: 1}}", 1, 9, "count", "expected a whole number, found a mapping"},
      {"{count: \"3\"}", 1, 9, "count", "which is text; leave out the quotes"},
      {"{count: }", 1, 9, "count", "has no value; expected a whole number"},
      {"{count: ~}", 1, 9, "count", "has no value"},
      {"count: null", 1, 8, "count", "has no value"},
      {"count: 3.5", 1, 8, "count", "expected a whole number, found \"3.5\""},
      {"count: 0x3", 1, 8, "count", "expected a whole number, found \"0x3\""},
      {"count: 010", 1, 8, "count", "without leading zeros"},
      {"flag: yes", 1, 7, "flag", "expected true or false, found \"yes\""},
      {"flag: \"true\"", 1, 7, "flag", "leave out the quotes"},
      {"inside: 5", 1, 9, "inside", "expected a mapping, found \"5\""},
      {"list: {inner: 1}", 1, 7, "list", "expected a list of mappings, found a mapping"},
      {"name: [a]", 1, 7, "name", "expected text, found a list"},
      {"headers: [a]", 1, 10, "headers", "expected a mapping of names to texts, found a list"},
      {"headers: {a: [b]}", 1, 14, "headers.a", "expected text, found a list"},
      // Bounds.
      {"count: 0", 1, 8, "count", "must be from 1 to 10, found 0"},
      {"count: -3", 1, 8, "count", "must be from 1 to 10, found -3"},
      {"count: 9223372036854775808", 1, 8, "count", "is too large a number"},
      {"ratio: 1.5", 1, 8, "ratio", "must be from 0 to 1, found 1.5"},
      {"ratio: .nan", 1, 8, "ratio", "expected a number"},
      {"ratio: nan", 1, 8, "ratio", "expected a number"},
      {"ratio: inf", 1, 8, "ratio", "expected a number"},
      {"ratio: -.inf", 1, 8, "ratio", "expected a number"},
      {"ratio: 1e999", 1, 8, "ratio", "too large or too small"},
      {"waitSeconds: 0.5", 1, 14, "waitSeconds", "must be from 1 to 60, found 0.5"},
      {"waitSeconds: -2", 1, 14, "waitSeconds", "must be from 1 to 60, found -2"},
      {"waitSeconds: 2s", 1, 14, "waitSeconds", "without a unit"},
      {"waitSeconds: 1.0005", 1, 14, "waitSeconds", "finer than a millisecond"},
      {"waitSeconds: nan", 1, 14, "waitSeconds", "expected a number of seconds"},
      {"waitSeconds: 1e3", 1, 14, "waitSeconds", "expected a number of seconds"},
      {"waitSeconds: 9223372036854775807", 1, 14, "waitSeconds", "too large a number"},
      // Quantities.
      {"size: 100m", 1, 7, "size", "thousandths of a byte"},
      {"size: 1K", 1, 7, "size", "k is a thousand bytes, Ki is 1024"},
      {"size: 1MB", 1, 7, "size", "expected a Kubernetes quantity of bytes"},
      {"size: -1", 1, 7, "size", "expected a Kubernetes quantity of bytes"},
      {"size: 16Ei", 1, 7, "size", "too large a number"},
      {"size: 7.5Ei", 1, 7, "size", "must be from 1 to 1099511627776"},
      {"size: 1e99", 1, 7, "size", "too large a number"},
      {"size: 1e-3", 1, 7, "size", "expected a Kubernetes quantity of bytes"},
      {"size: 0.3", 1, 7, "size", "no whole number of bytes"},
      {"size: 2Ti", 1, 7, "size", "must be from 1 to 1099511627776, found 2Ti"},
      // Words and names, with the nearest.
      {"color: Inservice", 1, 8, "color", "found \"Inservice\"; did you mean InService?"},
      {"color: red", 1, 8, "color", "did you mean Red?"},
      {"color: Purple", 1, 8, "color", "expected one of Red, Green, InService, found \"Purple\""},
      {"{coutn: 1}", 1, 2, "coutn", "unknown field \"coutn\"; did you mean count?"},
      {"{waitSecond: 1}", 1, 2, "waitSecond", "did you mean waitSeconds?"},
      {"{zzz: 1}", 1, 2, "zzz", "unknown field \"zzz\"; expected one of count, ratio"},
      {"{inside: {iner: 1}}", 1, 11, "inside.iner", "did you mean inner?"},
      {"<<: {count: 1}", 1, 1, "<<", "unknown field"},
      // Lists.
      {"ports: 80", 1, 8, "ports", "expected a list of ports, found \"80\""},
      {"ports: [80, 0]", 1, 13, "ports[1]", "must be from 1 to 65535, found 0"},
      {"ports: [\"80\"]", 1, 9, "ports[0]", "expected a port"},
      {"texts: [a, {b: c}]", 1, 12, "texts[1]", "expected text, found a mapping"},
      {"list: [{inner: 1}, {inner: 9}]", 1, 28, "list[1].inner", "must be from 0 to 5, found 9"},
      {"list: [{inner: 1}, 4]", 1, 20, "list[1]", "expected a mapping"},
      // Several lines; columns count characters, not bytes.
      {"count: 1\ninside:\n  inner: x\n", 3, 10, "inside.inner", "expected a whole number"},
      {"{name: \"ü€😀\", count: x}", 1, 22, "count", "expected a whole number"},
      {"name: a\r\ncount: x\r\n", 2, 8, "count", "expected a whole number"},
      {"{\"count\": \"a\"}", 1, 11, "count", "expected a whole number"},  // JSON
      {"name: \"two\n  lines\"\ncount: x", 3, 8, "count", "expected a whole number"},
      // Given twice.
      {"count: 1\ncount: 2", 2, 1, "count", "is given twice"},
      {"{inside: {inner: 1, inner: 1}}", 1, 21, "inside.inner", "is given twice"},
      // The whole text.
      {"", 0, 0, "", "is empty; expected a mapping"},
      {"# nothing but a comment", 0, 0, "", "is empty; expected a mapping"},
      {"~", 0, 0, "", "is empty; expected a mapping"},
      {"Enforce", 1, 1, "", "expected a mapping, found a single value"},
      {"- a", 1, 1, "", "expected a mapping, found a list"},
      {"{count: 1", 1, 1, "", "left open"},
      {"{inside:{inner: 1}}", 1, 9, "", "a space missing after a colon?"},
      {"count: 1\n---\ncount: 2", 2, 1, "", "a second document"},
      {"{count: 1} {count: 2}", 1, 12, "", "a second document"},
      {"count: &a 1", 1, 8, "count", "anchors (&name) are not allowed"},
      {"count: *a", 1, 8, "", "text that begins with * needs quotes"},
      {"count: !!str 1", 1, 8, "count", "tags (!name) are not allowed"},
      {"inside: !x {inner: 1}", 1, 9, "inside", "tags (!name) are not allowed"},
      {"? {a: 1}\n: 2", 1, 3, "", "a field's name must be text"},
      {"name: \"\\q\"", 1, 10, "", "is no valid YAML"},  // yaml-cpp points behind the escape
      {"name: a\x01", 1, 8, "", "a character that YAML does not allow"},
      {"name: \"\xff\"", 1, 8, "", "a character that YAML does not allow"},
      {"name: \"\xc0\x80\"", 1, 8, "", "a character that YAML does not allow"},      // overlong NUL
      {"name: \"\xed\xa0\x80\"", 1, 8, "", "a character that YAML does not allow"},  // a surrogate
      {"\xef\xbb\xbfname: a", 1, 1, "", "a character that YAML does not allow"},     // a byte order mark
  };
  for (const mistake_row& row : rows) {
    const schema read_back = read(row.yaml);
    ASSERT_EQ(read_back.found.size(), 1U) << row.yaml;
    const mistake& found = read_back.found[0];
    EXPECT_TRUE(read_back.failed) << row.yaml;
    EXPECT_EQ(found.source, "probe.podmedic.io/engine");
    EXPECT_EQ(found.line, row.line) << row.yaml;
    EXPECT_EQ(found.column, row.column) << row.yaml;
    EXPECT_EQ(found.field, row.field) << row.yaml;
    EXPECT_THAT(found.message, HasSubstr(row.message)) << row.yaml;
  }
}

TEST(fields, find_all_mistakes_at_once_and_read_the_rest) {
  const schema read_back = read("{count: 3, ratio: x, flag: maybe, clor: Red, inside: {inner: 9, a: 1}}");
  std::vector<std::string> fields_named;
  for (const mistake& each : read_back.found) fields_named.push_back(each.field);
  EXPECT_THAT(fields_named, ElementsAre("ratio", "flag", "inside.inner", "inside.a", "clor"));
  EXPECT_EQ(read_back.count, 3);
}

TEST(fields, say_where_a_mistake_is_in_one_line) {
  EXPECT_EQ((mistake{"a/b", 2, 8, "grpc.port", "is wrong"}).to_text(), "a/b, line 2, column 8, grpc.port: is wrong");
  EXPECT_EQ((mistake{"a/b", 0, 0, "", "is wrong"}).to_text(), "a/b: is wrong");
}

TEST(fields, that_are_required_are_missed) {
  mistakes found;
  fields in = fields::parse("x", "{b: \"\", grpc: {service: a}}", found);
  in.required_text("a");
  in.required_text("b");
  auto grpc = in.object("grpc");
  grpc->required_port("port");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].to_text(), "x, line 1, column 1, a: is required");
  EXPECT_EQ(found[1].to_text(), "x, line 1, column 5, b: must not be empty");
  EXPECT_EQ(found[2].to_text(), "x, line 1, column 15, grpc.port: is required: a port, from 1 to 65535");
}

TEST(fields, of_unparsable_text_add_no_second_mistake) {
  mistakes found;
  fields in = fields::parse("x", "{a: ", found);
  in.required_text("a");
  in.complain("", "names no kind");
  in.finish();
  EXPECT_EQ(found.size(), 1U);
  EXPECT_TRUE(in.failed());
  EXPECT_TRUE(in.failed("anything"));
}

TEST(fields, fail_one_by_one) {
  mistakes found;
  fields in = fields::parse("x", "{good: {n: 1}, bad: {n: x}, badly: 1}", found);
  for (const char* name : {"good", "bad"}) in.object(name)->integer("n", 0, 0, 5);
  EXPECT_TRUE(in.failed());
  EXPECT_TRUE(in.failed("bad"));
  EXPECT_FALSE(in.failed("good"));
  EXPECT_FALSE(in.failed("badly"));
}

TEST(fields, complain_at_an_item_of_a_list) {
  mistakes found;
  fields in = fields::parse("x", "ports: [80, 80]", found);
  in.complain("ports", 1, "is given twice");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].to_text(), "x, line 1, column 13, ports[1]: is given twice");
}

TEST(fields, a_name_that_was_asked_about_is_known) {
  mistakes found;
  fields in = fields::parse("x", "{a: 1, b: 2}", found);
  EXPECT_TRUE(in.has("a"));
  EXPECT_FALSE(in.has("c"));
  EXPECT_THAT(in.names(), ElementsAre("a", "b"));
  in.finish();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].field, "b");
  EXPECT_TRUE(found[0].unknown_field);
}

TEST(fields, have_one_canonical_text_for_one_meaning) {
  const auto canonical = [](std::string_view text) {
    mistakes found;
    return fields::parse("x", text, found).canonical();
  };
  const std::string expected = R"({"a":"1","b":["x",{"c":"d \"e\""}]})";
  EXPECT_EQ(canonical("{a: 1, b: [x, {c: 'd \"e\"'}]}"), expected);
  EXPECT_EQ(canonical("b:\n- \"x\"\n- c: d \"e\"\na: 1\n"), expected);
  EXPECT_NE(canonical("{a: 1}"), canonical("{a: 2}"));
  EXPECT_NE(canonical("{a: [b, c]}"), canonical("{a: [\"b,c\"]}"));
  EXPECT_NE(canonical("{a: \"b\\nc\"}"), canonical("{a: \"b\\\\nc\"}"));
}

TEST(fields, are_bounded) {
  // A mapping nested 16 deep is read, one level more is not.
  const auto nested = [](int levels) {
    std::string text;
    for (int i = 1; i < levels; ++i) text += "{a: ";
    return text + "{b: 1}" + std::string(static_cast<std::size_t>(levels - 1), '}');
  };
  mistakes found;
  fields::parse("x", nested(16), found);
  EXPECT_THAT(found, IsEmpty());
  fields::parse("x", nested(17), found);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].message, HasSubstr("deeper than 16 levels"));

  // 64 KiB are read, one byte more is not.
  const std::string most = "name: " + std::string(64 * 1024 - 6, 'x');
  EXPECT_THAT(read(most).found, IsEmpty());
  EXPECT_THAT(read(most + 'x').found.at(0).message, HasSubstr("longer than 65536 bytes"));
}

TEST(fields, of_a_hostile_text_cost_little) {
  std::string unknown = "{";
  std::string twice = "{";
  for (int i = 0; i < 6000; ++i) unknown += "k" + std::to_string(i) + ": 1, ";
  for (int i = 0; i < 10000; ++i) twice += "a: 1, ";
  const std::string hostile[] = {
      unknown + "}",                                        // 6000 mistakes
      twice + "}",                                          // 10000 mistakes
      std::string(64 * 1024, '['),                          // deep without end
      std::string(64 * 1024, '{'),                          //
      "{" + std::string(60000, 'k') + ": 1}",               // a name of 60000 letters
      "{\"color\": \"" + std::string(60000, '\t') + "\"}",  // a value of them
      "a: " + std::string(60000, '-'),                      //
      "name: \"" + std::string(30000, '\\'),                //
      "count: 1" + std::string(60000, '0'),                 // a number of them
  };
  for (const std::string& text : hostile) {
    const schema read_back = read(text);
    EXPECT_TRUE(read_back.failed) << text.substr(0, 20);
    EXPECT_LE(read_back.found.size(), 33U);
    for (const mistake& each : read_back.found) EXPECT_LT(each.to_text().size(), 1000U);
  }
}

TEST(fields, name_no_control_character_in_a_mistake) {
  const schema read_back = read("{\"a\\nb\": 1, color: \"x\\e[31m\"}");
  ASSERT_EQ(read_back.found.size(), 2U);
  for (const mistake& each : read_back.found) {
    for (const char c : each.to_text()) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  }
}

TEST(scalars, are_shown_in_whole_characters_and_valid_utf8) {
  EXPECT_EQ(quoted("ünï"), "\"ünï\"");
  EXPECT_EQ(printable("a\nb\x7f\xc2\x85", 9), "a?b??");        // C0, DEL, C1
  EXPECT_EQ(printable("\xff\xc3 \xed\xa0\x80", 9), "?? ???");  // broken bytes
  EXPECT_EQ(printable("aüb", 2), "a…");                        // never half of a character
  EXPECT_EQ(printable("aüb", 4), "aüb");
}

TEST(fields, lie_in_what_their_path_leads_through) {
  EXPECT_TRUE(lies_in("drain.inFlight.ports[0]", "drain.inFlight.ports"));
  EXPECT_TRUE(lies_in("drain.inFlight", "drain"));
  EXPECT_TRUE(lies_in("drain", "drain"));
  EXPECT_TRUE(lies_in("drain", ""));
  EXPECT_FALSE(lies_in("drainage", "drain"));
  EXPECT_FALSE(lies_in("drain", "drain.inFlight"));
}

TEST(nearest_name, is_near_or_nothing) {
  constexpr std::string_view valid[] = {"grpc", "http", "tcpSocket", "exec", "periodSeconds", "timeoutSeconds"};
  for (const auto& [given, nearest] : std::map<std::string_view, std::string_view>{
           {"gprc", "grpc"},                   // two letters swapped
           {"htp", "http"},                    // one missing
           {"GRPC", "grpc"},                   // upper case
           {"tcpsocket", "tcpSocket"},         //
           {"periodSecond", "periodSeconds"},  //
           {"tiemoutSeconds", "timeoutSeconds"},
           {"ex", ""},  // half of it missing
           {"", ""},
           {"liveness", ""},
       }) {
    EXPECT_EQ(nearest_name(given, valid), nearest) << given;
  }
  EXPECT_EQ(nearest_name("grpc", {}), "");
}

}  // namespace
}  // namespace podmedic
