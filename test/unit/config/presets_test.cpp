#include "supervisor/config/presets.hpp"

#include "small_kinds.hpp"
#include "supervisor/config/words.hpp"
#include "test/support/directories.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace podmedic::config {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::filesystem::path source = test::source_directory();

std::string text_at(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}
annotations annotations_in(std::string_view yaml) {
  mistakes found;
  fields whole = fields::parse("preset", yaml, found);
  annotations all;
  for (const std::string& name : whole.names()) all[name] = whole.text(name, "");
  EXPECT_THAT(texts_of(found), IsEmpty());
  return all;
}
configuration parse_preset(const std::string& value, annotations beside = {}) {
  beside["podmedic.io/preset"] = value;
  return parse(beside);
}
std::vector<std::string> names_of(const std::vector<hook_entry>& hooks) {
  std::vector<std::string> names;
  for (const hook_entry& each : hooks) names.push_back(each.name);
  return names;
}

/// `{container: envoy, port: 10000}` of a preset.
std::string parameters_of(const preset& of) {
  const std::string own = annotations_in(of.text)["podmedic.io/preset"];
  return own.substr(own.find('{') + 1, own.find('}') - own.find('{') - 1);
}

TEST(presets, are_the_files_of_the_folder_sorted_by_name) {
  std::map<std::string, annotations> files;
  for (const auto& file : std::filesystem::directory_iterator(source / "deploy" / "presets")) {
    files[file.path().stem()] = annotations_in(text_at(file.path()));
  }
  ASSERT_EQ(presets().size(), files.size());
  auto file = files.begin();
  for (const preset& each : presets()) {
    EXPECT_EQ(each.name, file->first);
    EXPECT_EQ(annotations_in(each.text), file->second) << each.name;
    ++file;
  }
}

TEST(presets, each_alone_is_a_configuration_without_a_mistake_whose_parameters_are_all_used) {
  for (const preset& each : presets()) {
    const configuration read = parse_preset(std::string(each.name));
    EXPECT_THAT(texts_of(read.found), IsEmpty()) << each.name;
    EXPECT_FALSE(read.probes.empty() && read.hooks.empty()) << each.name;
    EXPECT_EQ(read.preset, each.name);
    mistakes found;
    fields own = fields::parse("parameters", "{" + parameters_of(each) + "}", found);
    EXPECT_THAT(own.names(), Contains("container")) << each.name;
    for (const std::string& name : own.names()) {
      EXPECT_THAT(std::string(each.text), HasSubstr("$(" + name + ")")) << each.name;
    }
  }
}

TEST(presets, all_together_are_a_configuration_without_a_mistake) {
  std::string all;
  for (const preset& each : presets()) all += (all.empty() ? "" : ", ") + std::string(each.name);
  EXPECT_THAT(texts_of(parse_preset(all).found), IsEmpty());
}

TEST(presets, name_the_container_of_every_probe_so_that_it_may_stand_in_a_pod_of_several) {
  for (const preset& each : presets()) {
    const configuration read = parse_preset(std::string(each.name) + ": {container: mine}");
    for (const probe_entry& probe : read.probes) EXPECT_EQ(probe.container, "mine") << each.name;
  }
}

// Whoever drains by a hook that lasts takes it back; podmedic runs that whenever the Pod is in traffic again.
TEST(presets, take_back_what_their_drain_hooks_do) {
  for (const preset& each : presets()) {
    std::map<hook_phase, int> by_http;
    for (const hook_entry& hook : parse_preset(std::string(each.name)).hooks) {
      if (hook.spec.target.starts_with("http")) ++by_http[hook.phase];
      EXPECT_EQ(hook.on_error, on_hook_error::carry_on) << each.name;
    }
    EXPECT_EQ(by_http[hook_phase::drain], by_http[hook_phase::cancelled]) << each.name;
  }
}

TEST(presets_page, has_one_row_for_each_with_its_parameters_probes_and_hooks) {
  const std::string page = text_at(source / "docs" / "presets.md");
  std::size_t rows = 0;
  for (std::size_t at = page.find("\n| `"); at != std::string::npos; at = page.find("\n| `", at + 1)) ++rows;
  std::size_t expected = 0;
  for (const preset& each : presets()) {
    const configuration read = parse_preset(std::string(each.name));
    std::string row = "\n| `" + std::string(each.name) + "` | `" + parameters_of(each) + "` |";
    for (std::size_t i = 0; i < read.probes.size(); ++i) {
      row += (i == 0 ? " `" : ", `") + read.probes[i].name + "` " + read.probes[i].kind + ", " +
             word_of(read.rules.probes[i].on_failure);
    }
    row += " |";
    for (std::size_t i = 0; i < read.hooks.size(); ++i) {
      row += (i == 0 ? " `" : ", `") + read.hooks[i].name + "` " + word_of(read.hooks[i].phase);
    }
    row += " |";
    EXPECT_THAT(page, HasSubstr(row));
    ++expected;
  }
  EXPECT_EQ(rows, expected);
}

TEST(preset_annotation, puts_its_parameters_in) {
  const configuration read = parse_preset("{envoy: {port: 8443, adminPort: 15000, container: proxy}}");
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  ASSERT_EQ(read.probes.size(), 1u);
  EXPECT_EQ(read.probes[0].container, "proxy");
  EXPECT_THAT(read.probes[0].spec.target, HasSubstr("15000"));
  EXPECT_THAT(read.hooks[0].spec.target, HasSubstr(":15000/healthcheck/ok"));
  EXPECT_THAT(read.rules.drain.in_flight_ports, ElementsAre(8443));
}

TEST(preset_annotation, may_be_a_name_several_names_or_a_block_of_either) {
  EXPECT_EQ(parse_preset("vllm\n").probes.size(), 2u);
  EXPECT_EQ(parse_preset(" envoy , vllm ").probes.size(), 3u);
  EXPECT_EQ(parse_preset("envoy: {}\nvllm: {port: 8001}\n").probes.size(), 3u);
}

TEST(preset_annotation, gives_way_to_the_annotations_of_the_pod_and_the_second_preset_to_the_first) {
  const configuration read = parse_preset("envoy, vllm", {{"probe.podmedic.io/vllm-health", "tcpSocket: {port: 8000}"},
                                                          {"hook.podmedic.io/envoy-drain", "exec: {command: [true]}"}});
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  EXPECT_THAT(names_of(read.hooks), ElementsAre("envoy-cancelled", "envoy-drain"));
  EXPECT_THAT(read.hooks[1].spec.target, HasSubstr("true"));
  EXPECT_EQ(read.probes[1].kind, "tcpSocket");
  EXPECT_EQ(read.probes[2].kind, "progress");
  // Requests reach the server through Envoy, whose own connections to it stay open.
  EXPECT_THAT(read.rules.drain.in_flight_ports, ElementsAre(10000));
  EXPECT_THAT(parse_preset("vllm, envoy").rules.drain.in_flight_ports, ElementsAre(8000));
}

TEST(preset_annotation, merges_the_policy_field_by_field) {
  using namespace std::chrono_literals;
  const configuration read =
      parse_preset("vllm", {{"podmedic.io/policy", "{drain: {timeoutSeconds: 90}, warmUp: {learn: false}}"}});
  EXPECT_THAT(texts_of(read.found), IsEmpty());
  EXPECT_EQ(read.rules.drain.timeout, 90s);
  EXPECT_THAT(read.rules.drain.in_flight_ports, ElementsAre(8000));
  EXPECT_FALSE(read.rules.warm_up.learn);
  EXPECT_EQ(read.rules.warm_up.maximum, 1h);
  const configuration own = parse_preset("vllm", {{"podmedic.io/policy", "{drain: {inFlight: {ports: [9000]}}}"}});
  EXPECT_THAT(own.rules.drain.in_flight_ports, ElementsAre(9000));
}

TEST(preset_annotation, names_its_mistakes_and_leaves_that_preset_out_alone) {
  const mistake_row rows[] = {
      {"vlm", 0, 0, "", "no preset is called \"vlm\"; did you mean vllm?"},
      {"something", 0, 0, "", "expected one of envoy, fluent-bit, haproxy"},
      {"", 0, 0, "", "no preset is called"},
      {"{vlm: {port: 1}}", 1, 7, "vlm", "did you mean vllm?"},
      {"{vllm: {prot: 1}}", 1, 9, "vllm.prot", "port"},
      {"{vllm: {port: 70000}}", 1, 15, "vllm.port", "65535"},
      {"vllm:\n  container: My_Engine\n", 2, 14, "vllm.container", "lower-case letters"},
      {"vllm: 8000", 1, 7, "vllm", "mapping"},
  };
  for (const mistake_row& row : rows) {
    const configuration read = parse_preset(row.value);
    expect_only(read.found, "podmedic.io/preset", row);
    EXPECT_THAT(read.probes, IsEmpty()) << row.value;
    EXPECT_THAT(read.rules.drain.in_flight_ports, IsEmpty()) << row.value;
  }
  EXPECT_EQ(parse_preset("vlm, tgi").probes.size(), 2u);
  EXPECT_EQ(parse_preset("{vllm: {port: 0}, tgi: {}}").probes.size(), 2u);
}

TEST(preset_annotation, is_fixed_for_the_life_of_the_pod) {
  const configuration first = parse_preset("vllm");
  for (const std::string edited : {"", "tgi", "vlm", "{vllm: {port: 8001}}"}) {
    annotations now;
    if (!edited.empty()) now["podmedic.io/preset"] = edited;
    mistakes refused;
    keep_presets(first, now, refused);
    EXPECT_EQ(now["podmedic.io/preset"], "vllm");
    EXPECT_THAT(texts_of(refused), ElementsAre(HasSubstr("podmedic.io/preset: is fixed while the Pod lives")));
  }
  annotations same{{"podmedic.io/preset", "vllm"}};
  mistakes refused;
  keep_presets(first, same, refused);
  EXPECT_THAT(refused, IsEmpty());

  annotations added{{"podmedic.io/preset", "vllm"}};
  keep_presets(parse({}), added, refused);
  EXPECT_THAT(added, IsEmpty());
  EXPECT_EQ(refused.size(), 1u);
}

}  // namespace
}  // namespace podmedic::config
