// docs/schema/annotations.json, held against the parser: what it knows, and what it takes.
#include "supervisor/config/configuration.hpp"
#include "test/support/files.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <set>

namespace podmedic::config {
namespace {

using nlohmann::json;
const std::string unheard_of = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";

json schema() {
  return json::parse(test::text_of("docs/schema/annotations.json"));
}

/// {a: {b: VALUE}} for the path a, b.
json nested(const std::vector<std::string>& path, json value) {
  for (auto name = path.rbegin(); name != path.rend(); ++name) value = json{{*name, value}};
  return value;
}
mistakes mistakes_of(const std::string& annotation, const json& value) {
  return parse({{annotation, value.dump()}}).found;
}

/// What the parser says that it knows there, where it is given what nobody has heard of.
std::set<std::string> known_to_parser(const std::string& annotation, std::vector<std::string> path) {
  path.push_back(unheard_of);
  for (const mistake& each : mistakes_of(annotation, nested(path, 1))) {
    const std::string list = "expected one of ";
    const std::size_t at = each.message.find(list);
    if (!each.unknown_field || at == std::string::npos) continue;
    std::set<std::string> names;
    std::istringstream words(each.message.substr(at + list.size()));
    for (std::string word; words >> word;) names.insert(word.substr(0, word.find(',')));
    return names;
  }
  return {};
}

/// The first mistake at that field, or empty.
std::string mistake_at(const std::string& annotation, const std::vector<std::string>& path, const json& value) {
  std::string field;
  for (const std::string& name : path) field += (field.empty() ? "" : ".") + name;
  for (const mistake& each : mistakes_of(annotation, nested(path, value))) {
    if (each.field == field && each.message.find("is longer than") == std::string::npos &&
        each.message.find("larger than") == std::string::npos &&
        each.message.find("is for onFailure") == std::string::npos &&
        each.message.find("needs `container`") == std::string::npos) {
      return each.message;
    }
  }
  return {};
}

void compare(const std::string& annotation, const json& mapping, const std::vector<std::string>& path, int& bounds) {
  std::set<std::string> names;
  for (const auto& [name, value] : mapping.at("properties").items()) {
    names.insert(name);
    std::vector<std::string> below = path;
    below.push_back(name);
    if (value.contains("properties")) compare(annotation, value, below, bounds);
    for (const json& word : value.value("enum", json::array())) {
      EXPECT_EQ(mistake_at(annotation, below, word), "") << name << ' ' << word;
      EXPECT_NE(mistake_at(annotation, below, unheard_of), "") << name;
    }
    if (!value.contains("minimum")) continue;
    ++bounds;
    const double least = value["minimum"], most = value["maximum"];
    const bool whole = value["type"] == "integer";
    const auto number = [&](double of) { return whole ? json(static_cast<std::int64_t>(of)) : json(of); };
    EXPECT_EQ(mistake_at(annotation, below, number(least)), "") << name;
    EXPECT_EQ(mistake_at(annotation, below, number(most)), "") << name;
    EXPECT_NE(mistake_at(annotation, below, number(least - (whole ? 1 : 0.001))), "") << name;
    EXPECT_NE(mistake_at(annotation, below, number(most + (whole ? 1 : 0.001))), "") << name;
  }
  EXPECT_EQ(names, known_to_parser(annotation, path)) << testing::PrintToString(path);
}

TEST(schema, has_the_fields_words_and_bounds_of_the_parser) {
  const json definitions = schema().at("$defs");
  int bounds = 0;
  compare("podmedic.io/policy", definitions.at("policy"), {}, bounds);
  compare("probe.podmedic.io/a", definitions.at("probe"), {}, bounds);
  compare("hook.podmedic.io/a", definitions.at("hook"), {}, bounds);
  EXPECT_GE(bounds, 20);
}

TEST(schema, says_what_the_parser_takes_where_nothing_is_given) {
  const configuration none = parse({{"probe.podmedic.io/a", "{tcpSocket: {port: 1}}"}});
  const json policy = schema().at("$defs").at("policy").at("properties");
  const json probe = schema().at("$defs").at("probe").at("properties");
  EXPECT_EQ(policy["budget"]["properties"]["restarts"]["default"], none.rules.budget.restarts);
  EXPECT_EQ(policy["backoff"]["properties"]["capSeconds"]["default"], none.rules.back_off.cap.count() / 1000);
  EXPECT_EQ(policy["drain"]["properties"]["timeoutSeconds"]["default"], none.rules.drain.timeout.count() / 1000);
  EXPECT_EQ(probe["periodSeconds"]["default"], none.probes[0].period.count() / 1000);
  EXPECT_EQ(probe["failureThreshold"]["default"], none.rules.probes[0].failure_threshold);
}

TEST(schema, of_a_manifest_names_the_same_annotations) {
  const json manifest = json::parse(test::text_of("docs/schema/manifest.json"));
  const json named = manifest.at("properties").at("metadata").at("properties").at("annotations").at("properties");
  const json expected = schema().at("properties");
  for (const auto& [name, value] : expected.items()) EXPECT_TRUE(named.contains(name)) << name;
  EXPECT_EQ(named.size(), expected.size());
  EXPECT_EQ(named.at("podmedic.io/mode"), expected.at("podmedic.io/mode"));
}

}  // namespace
}  // namespace podmedic::config
