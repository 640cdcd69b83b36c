#include "supervisor/config/configuration.hpp"
#include "supervisor/config/go_string.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmedic::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// Expectations from Go's language specification, "String literals", and strconv.Unquote.
TEST(go_string, is_unquoted_with_every_escape) {
  const std::pair<std::string_view, std::string> rows[] = {
      {R"("")", ""},
      {R"("a b")", "a b"},
      {R"("\a\b\f\n\r\t\v\\\"")", "\a\b\f\n\r\t\v\\\""},
      {R"("\101\000\377")", std::string("A\0\xff", 3)},  // octal, a byte each
      {R"("\x41\xe9")", "A\xe9"},                        // hexadecimal, a byte each
      {R"("\u00e9\u20ac")", "é€"},                       // code points
      {R"("\U0001f600\u0041")", "😀A"},
      {R"("é€😀 it's")", "é€😀 it's"},  // written out; a single quote needs no escape
  };
  for (const auto& [text, value] : rows) {
    const auto result = unquote_go_string(text);
    ASSERT_TRUE(std::holds_alternative<std::string>(result)) << text;
    EXPECT_EQ(std::get<std::string>(result), value) << text;
  }
}

TEST(go_string, that_is_none_is_refused_at_its_place) {
  const std::pair<std::string_view, std::size_t> rows[] = {
      {"", 0},                 // nothing
      {"abc", 0},              // no quote
      {"'a'", 0},              // a rune of Go, no string
      {"`a`", 0},              // a raw string: the file has none
      {"\"", 1},               // never closed
      {"\"a", 2},              //
      {R"("a\")", 4},          // the closing quote is escaped
      {R"("a" b)", 3},         // something behind it
      {R"("\q")", 1},          // no escape of Go
      {R"("\'")", 1},          // only of a rune
      {R"("\0")", 1},          // octal has three digits
      {R"("\400")", 1},        // and fits a byte
      {R"("\08a")", 1},        //
      {R"("\x4")", 1},         // two digits
      {R"("\x-1")", 1},        // digits, no sign
      {R"("\u00g0")", 1},      //
      {R"("\ud800")", 1},      // a surrogate is no code point
      {R"("\U00110000")", 1},  // behind the last
      {"\"a\\", 2},            // ends in the escape
      {"\"a\nb\"", 5},         // a line break is never inside
  };
  for (const auto& [text, at] : rows) {
    const auto result = unquote_go_string(text);
    ASSERT_TRUE(std::holds_alternative<go_string_error>(result)) << text;
    EXPECT_EQ(std::get<go_string_error>(result).at, at) << text;
  }
}

TEST(annotation_file, gives_every_annotation) {
  mistakes found;
  // As the kubelet writes it (fieldpath.FormatMap); the last line may lack its end.
  const annotations read = parse_annotation_file(
      "kubernetes.io/config.source=\"api\"\n"
      "probe.podmedic.io/engine=\"grpc: {port: 8001}\\nperiodSeconds: 2\\n\"\n"
      "podmedic.io/mode=\"Enforce\"",
      found);
  EXPECT_THAT(found, IsEmpty());
  EXPECT_THAT(read, ElementsAre(Pair("kubernetes.io/config.source", "api"), Pair("podmedic.io/mode", "Enforce"),
                                Pair("probe.podmedic.io/engine", "grpc: {port: 8001}\nperiodSeconds: 2\n")));
}

TEST(annotation_file, without_lines_is_empty_and_no_mistake) {
  mistakes found;
  EXPECT_THAT(parse_annotation_file("", found), IsEmpty());
  EXPECT_THAT(parse_annotation_file("\n\n", found), IsEmpty());
  EXPECT_THAT(found, IsEmpty());
}

TEST(annotation_file, reads_on_behind_a_line_that_does_not_parse) {
  mistakes found;
  const annotations read = parse_annotation_file(
      "nothing\n"
      "a=\"1\"\n"
      "b=\"\\q\"\n"
      "=\"x\"\n"
      "a=\"2\"\n"
      "c=\"x=y\"\n",
      found);
  EXPECT_THAT(read, ElementsAre(Pair("a", "1"), Pair("c", "x=y")));
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].to_text(), "annotations, line 1, column 1: expected key=\"value\"");
  EXPECT_EQ(found[1].to_text(), "b, line 3, column 4: not an escape of a Go string");
  EXPECT_EQ(found[2].to_text(), "annotations, line 4, column 1: expected key=\"value\"");
  EXPECT_EQ(found[3].to_text(), "a, line 5, column 1: is given twice; the first value stands");
}

}  // namespace
}  // namespace podmedic::config
