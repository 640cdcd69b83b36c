#include "supervisor/podinfo_doubts.hpp"

#include "supervisor/config/annotation_names.hpp"

#include <algorithm>

namespace podmedic {
namespace {

constexpr std::string_view inject_label = "podmedic.io/inject";

/// A space, tab, newline or backslash in a path stands there as a backslash and three octal digits.
std::string unescaped(std::string_view word) {
  std::string path;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '\\' && i + 3 < word.size()) {
      path += static_cast<char>((word[i + 1] - '0') * 64 + (word[i + 2] - '0') * 8 + (word[i + 3] - '0'));
      i += 3;
    } else {
      path += word[i];
    }
  }
  return path;
}

std::string_view word_of(std::string_view line, int number) {
  for (; number > 0 && !line.empty(); --number) line.remove_prefix(std::min(line.size(), line.find(' ') + 1));
  return line.substr(0, line.find(' '));
}

bool is_ours(const std::string& key) {
  return key.find(config::annotation::domain) != std::string::npos && key != inject_label;
}

}  // namespace

bool is_mounted_alone(std::string_view mountinfo, const std::string& file) {
  constexpr int mount_point = 4;
  while (!mountinfo.empty()) {
    const std::string_view line = mountinfo.substr(0, mountinfo.find('\n'));
    if (unescaped(word_of(line, mount_point)) == file) return true;
    mountinfo.remove_prefix(std::min(mountinfo.size(), line.size() + 1));
  }
  return false;
}

std::vector<policy::action::notice> doubts_of_podinfo(const std::string& file, const mistakes& found,
                                                      const config::annotations& all, bool mounted_alone) {
  std::vector<policy::action::notice> doubts;
  if (mounted_alone) {
    doubts.push_back({policy::severity::warning, "PodinfoFrozen",
                      file + " is mounted by subPath, so it will never change: no edit of an annotation "
                             "arrives, podmedic.io/paused-until neither; mount the whole volume"});
  }
  if (std::any_of(all.begin(), all.end(), [](const auto& each) { return is_ours(each.first); })) return doubts;
  if (all.empty() && !found.empty()) {
    doubts.push_back({policy::severity::warning, "PodinfoForeign",
                      file + " is no list of annotations: its downwardAPI item must have fieldPath: "
                             "metadata.annotations"});
  } else {
    const std::string keys = all.empty() ? "it is empty" : "the first of its keys is " + all.begin()->first;
    doubts.push_back({policy::severity::warning, "PodinfoForeign",
                      "none of podmedic's annotations are in " + file + " (" + keys +
                          "): nothing is judged; its downwardAPI item must have fieldPath: "
                          "metadata.annotations (not labels), and the Pod's template the annotations"});
  }
  return doubts;
}

}  // namespace podmedic
