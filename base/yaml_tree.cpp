#include "base/yaml_tree.hpp"

#include "base/utf8.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <set>
#include <sstream>

namespace podmedic::yaml {
namespace {

/// Ends the parse from inside yaml-cpp's callbacks; parse() catches it.
struct refusal {
  error why;
};

/// What an unclosed `{` at the beginning is taken for, too.
constexpr const char* not_a_name = "a field's name must be text; is a brace or bracket left open?";

/// What yaml-cpp says, and for frequent slips in one-line values what may have caused it.
std::string in_words(const std::string& message) {
  std::string hint;
  if (message.starts_with("end of map") || message.starts_with("end of sequence")) {
    hint = "; is a brace or bracket left open, or a space missing after a colon?";
  } else if (message.starts_with("the referenced anchor")) {
    hint = "; aliases (*name) are not allowed, and text that begins with * needs quotes";
  }
  return "is no valid YAML: " + message + hint;
}

position place(const YAML::Mark& mark) {
  return {mark.line, mark.column};
}

class tree_builder final : public YAML::EventHandler {
 public:
  tree_builder(std::vector<error>& errors, int max_depth) : errors_(errors), max_depth_(max_depth) {}

  node root;
  int documents = 0;

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents > 1) refuse(mark, "a second document begins here; expected a single mapping");
  }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    refuse(mark, "anchors (&name) are not allowed; write the value out");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases (*name) are not allowed; write the value out");
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add({node::kind::nothing, place(mark)}, mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    refuse_tag(mark, tag);
    add({node::kind::scalar, place(mark), value, tag == "!"}, mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(node::kind::list, mark, tag);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(node::kind::mapping, mark, tag);
  }
  void OnMapEnd() override { close(); }

 private:
  /// A list or mapping that is still open, and in a mapping the name whose value comes next.
  struct level {
    node of;
    std::optional<member> next;
    std::string path;
    std::set<std::string, std::less<>> names;
  };

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string message) const {
    throw refusal{{place(mark), path_of_next(), std::move(message)}};
  }
  /// yaml-cpp gives "?" to plain scalars and "!" to quoted ones.
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    refuse(mark, "tags (!name) are not allowed; quote what is text");
  }
  std::string path_of_next() const {
    if (open_.empty()) return {};
    const level& in = open_.back();
    if (in.of.is == node::kind::list) return in.path + '[' + std::to_string(in.of.items.size()) + ']';
    if (!in.next) return in.path;
    return in.path.empty() ? in.next->name : in.path + '.' + in.next->name;
  }
  void open(node::kind is, const YAML::Mark& mark, const std::string& tag) {
    refuse_tag(mark, tag);
    if (!open_.empty() && expects_name()) refuse(mark, not_a_name);
    if (open_.size() >= static_cast<std::size_t>(max_depth_)) {
      refuse(mark, "nested deeper than " + std::to_string(max_depth_) + " levels");
    }
    std::string path = path_of_next();
    open_.push_back({{is, place(mark)}, std::nullopt, std::move(path), {}});
  }
  void close() {
    node whole = std::move(open_.back().of);
    open_.pop_back();
    if (open_.empty()) {
      root = std::move(whole);
    } else {
      add_value(std::move(whole));
    }
  }
  bool expects_name() const { return open_.back().of.is == node::kind::mapping && !open_.back().next; }
  void add(node value, const YAML::Mark& mark) {
    if (open_.empty()) {
      root = std::move(value);
    } else if (!expects_name()) {
      add_value(std::move(value));
    } else if (value.is == node::kind::scalar) {
      open_.back().next = member{std::move(value.text), value.at, {}};
    } else {
      refuse(mark, not_a_name);
    }
  }
  void add_value(node value) {
    level& into = open_.back();
    if (into.of.is == node::kind::list) {
      into.of.items.push_back(std::move(value));
      return;
    }
    if (into.names.insert(into.next->name).second) {
      into.next->value = std::move(value);
      into.of.members.push_back(std::move(*into.next));
    } else {
      errors_.push_back({into.next->name_at, path_of_next(), "is given twice"});
    }
    into.next.reset();
  }

  std::vector<error>& errors_;
  int max_depth_;
  std::vector<level> open_;
};

/// Where the text holds what YAML 1.2 (5.1) does not allow: control characters, a byte order mark, broken UTF-8.
std::optional<position> first_bad_character(std::string_view text) {
  position at;
  while (!text.empty()) {
    const auto next = first_character(text);
    if (!next || next->code == 0xfeff) return at;
    const bool blank = next->code == '\t' || next->code == '\n' || next->code == '\r';
    if (is_control_character(next->code) && !blank) return at;
    at = next->code == '\n' ? position{at.line + 1, 0} : position{at.line, at.column + static_cast<int>(next->length)};
    text.remove_prefix(next->length);
  }
  return std::nullopt;
}

}  // namespace

std::optional<node> parse(std::string_view text, std::vector<error>& errors, limits most) {
  const auto give_up = [&](error why) {
    errors.push_back(std::move(why));
    return std::nullopt;
  };
  if (text.size() > most.text_bytes) {
    return give_up({std::nullopt, "", "is longer than " + std::to_string(most.text_bytes) + " bytes"});
  }
  if (const auto bad = first_bad_character(text)) {
    return give_up({bad, "", "a character that YAML does not allow (a control character, or not UTF-8)"});
  }
  tree_builder builder(errors, most.levels);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const refusal& refused) {
    return give_up(refused.why);
  } catch (const YAML::Exception& fault) {
    std::optional<position> at;
    if (!fault.mark.is_null()) at = place(fault.mark);
    return give_up({at, "", in_words(fault.msg)});
  }
  if (builder.root.is == node::kind::mapping) return std::move(builder.root);
  if (builder.root.is == node::kind::nothing) return give_up({std::nullopt, "", "is empty; expected a mapping"});
  const bool list = builder.root.is == node::kind::list;
  const std::string found = list ? "a list" : "a single value";
  return give_up({builder.root.at, "", "expected a mapping, found " + found});
}

position shown(std::string_view text, position raw) {
  std::size_t begin = 0;
  for (int line = 0; line < raw.line && begin < text.size(); ++line) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) return {raw.line + 1, raw.column + 1};
    begin = end + 1;
  }
  const std::string_view before = text.substr(std::min(begin, text.size()), static_cast<std::size_t>(raw.column));
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; };
  return {raw.line + 1, raw.column + 1 - static_cast<int>(std::count_if(before.begin(), before.end(), continues))};
}

}  // namespace podmedic::yaml
