#include "supervisor/manifest/splice.hpp"

#include <algorithm>

namespace podmedic::manifest {
namespace {

/// A document that is one mapping in braces may be read by what knows no YAML.
bool is_json(const document& of) {
  const std::string_view text = of.text;
  const bool separated = text.starts_with("---");
  const std::size_t first = text.find_first_not_of(" \t\r\n", separated ? 3 : 0);
  return first != std::string_view::npos && text[first] == '{';
}

/// The nodes in the order of the document, each with the line where it, or its name, begins and its depth.
struct place {
  const node* of;
  int line;
  std::size_t end;  ///< the index of the first place that is not inside of it
};
void collect(const node& from, int line, std::vector<place>& into) {
  const std::size_t index = into.size();
  into.push_back({&from, line, 0});
  for (const yaml::member& each : from.members) collect(each.value, each.name_at.line, into);
  for (const node& each : from.items) collect(each, each.at.line, into);
  into[index].end = into.size();
}

std::size_t indentation(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}
bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\n") == std::string_view::npos;
}
bool is_comment(std::string_view line) {
  return line.substr(indentation(line)).starts_with('#');
}

}  // namespace

splice::splice(const document& of) : of_(of), as_(is_json(of) ? notation::json : notation::yaml) {
  lines_.push_back(0);
  for (std::size_t at = of.text.find('\n'); at != std::string_view::npos; at = of.text.find('\n', at + 1)) {
    lines_.push_back(at + 1);
  }
  if (lines_.back() != of.text.size()) lines_.push_back(of.text.size());
  std::vector<place> places;
  collect(*of.root, of.root->at.line, places);
  for (const place& each : places) {
    next_line_[each.of] = each.end < places.size() ? places[each.end].line : line_count();
  }
}

void splice::refuse(yaml::position at, const std::string& why) const {
  throw cannot_splice("line " + std::to_string(of_.line + at.line + 1) + ": " + why);
}

bool splice::is_flow(const node& of) const {
  const std::size_t at = offset(of.at);
  return at < of_.text.size() && (of_.text[at] == '{' || of_.text[at] == '[');
}

std::size_t splice::offset(yaml::position at) const {
  return lines_.at(static_cast<std::size_t>(at.line)) + static_cast<std::size_t>(at.column);
}

std::string_view splice::line(int number) const {
  const std::size_t begin = lines_.at(static_cast<std::size_t>(number));
  return of_.text.substr(begin, lines_.at(static_cast<std::size_t>(number) + 1) - begin);
}

/// The line behind the last one of a block: blank lines, and comments to the left of that column, are not its.
int splice::last_line(const node& of, int column) const {
  int end = next_line_.at(&of);
  while (end > of.at.line + 1) {
    const std::string_view before = line(end - 1);
    const bool not_its = is_comment(before) && indentation(before) < static_cast<std::size_t>(column);
    const bool ends_document = before.starts_with("...");
    if (!is_blank(before) && !not_its && !ends_document) break;
    --end;
  }
  return end;
}

int splice::above_comments(int number, int column) const {
  while (number > 0 && is_comment(line(number - 1)) &&
         indentation(line(number - 1)) == static_cast<std::size_t>(column)) {
    --number;
  }
  return number;
}

/// Behind the last character of what stands in one notation: in braces, brackets, quotes, or plain.
std::size_t splice::end_of(const node& of) const {
  const std::string_view text = of_.text;
  int depth = 0;
  char quote = '\0';
  for (std::size_t at = offset(of.at); at < text.size(); ++at) {
    const char c = text[at];
    if (quote != '\0') {
      if (quote == '"' && c == '\\') ++at;
      if (c == quote) quote = '\0';
    } else if (c == '"' ||
               (c == '\'' && (at == 0 || std::string_view(" [{,:\n").find(text[at - 1]) != std::string_view::npos))) {
      quote = c;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    } else if (depth == 0 && (c == ',' || c == '\n')) {
      return at;
    }
  }
  refuse(of.at, "it has no end");
}

void splice::insert_lines(int before, std::string text) {
  const std::size_t at = lines_.at(static_cast<std::size_t>(before));
  const bool unfinished = at == of_.text.size() && at > 0 && of_.text[at - 1] != '\n';
  if (unfinished) text.insert(0, "\n").pop_back();
  edits_.push_back({at, 0, std::move(text)});
}

void splice::insert_items(const node& list, std::size_t index, const std::vector<node>& items) {
  std::string text;
  if (is_flow(list)) {
    for (const node& each : items) text += (text.empty() ? "" : ", ") + in_line(each, as_);
    if (index < list.items.size()) {
      edits_.push_back({offset(list.items[index].at), 0, text + ", "});
    } else {
      const std::size_t end = list.items.empty() ? offset(list.at) + 1 : end_of(list.items.back());
      edits_.push_back({end, 0, (list.items.empty() ? "" : ", ") + text});
    }
    return;
  }
  const int column = list.at.column;
  for (const node& each : items) text += block_item(each, column);
  const bool last = index >= list.items.size();
  insert_lines(last ? last_line(list, column) : above_comments(list.items[index].at.line, column), std::move(text));
}

void splice::insert_member(const node& mapping, std::string_view before, std::string_view name, const node& value,
                           std::string_view remark) {
  if (is_flow(mapping)) {
    const std::string quoted_name = as_ == notation::json ? '"' + std::string(name) + '"' : std::string(name);
    edits_.push_back(
        {offset(mapping.at) + 1, 0, quoted_name + ": " + in_line(value, as_) + (mapping.members.empty() ? "" : ", ")});
    return;
  }
  const yaml::member* next = member_of(&mapping, before);
  const int column = mapping.at.column;
  if (next != nullptr && !is_blank(line(next->name_at.line).substr(0, static_cast<std::size_t>(column)))) {
    next = nullptr;
  }
  std::string text = block_member(name, value, column);
  if (!remark.empty()) text.insert(text.size() - 1, "  # " + std::string(remark));
  insert_lines(next != nullptr ? above_comments(next->name_at.line, column) : last_line(mapping, column),
               std::move(text));
}

void splice::insert_member_below(const node& mapping, std::string_view above, std::string_view name,
                                 const node& value) {
  const yaml::member* last = member_of(&mapping, above);
  if (is_flow(mapping) || last == nullptr) return insert_member(mapping, "", name, value);
  if (last->value.at.line != last->name_at.line)
    refuse(last->name_at, std::string(above) + " is written in a way that inject does not know");
  insert_lines(last->value.at.line + 1, block_member(name, value, mapping.at.column));
}

void splice::remove_lines(int from, int end) {
  const std::size_t begin = lines_.at(static_cast<std::size_t>(from));
  edits_.push_back({begin, lines_.at(static_cast<std::size_t>(end)) - begin, ""});
}

/// With the comma behind it, or else the one before.
void splice::remove_in_line(std::size_t begin, std::size_t end) {
  const std::string_view text = of_.text;
  const std::size_t next = text.find_first_not_of(" \t\r\n", end);
  if (next != std::string_view::npos && text[next] == ',') {
    end = next + (text.substr(next).starts_with(", ") ? 2 : 1);
  } else if (const std::size_t comma = text.find_last_not_of(" \t\r\n", begin - 1); text[comma] == ',') {
    begin = comma;
  }
  edits_.push_back({begin, end - begin, ""});
}

void splice::remove_item(const node& list, std::size_t index) {
  const node& item = list.items.at(index);
  if (is_flow(list)) return remove_in_line(offset(item.at), end_of(item));
  remove_lines(item.at.line, last_line(item, list.at.column + 1));
}

void splice::remove_member(const node& mapping, const yaml::member& which) {
  if (is_flow(mapping)) {
    return remove_in_line(offset(which.name_at), end_of(which.value));
  }
  if (!is_blank(line(which.name_at.line).substr(0, static_cast<std::size_t>(which.name_at.column)))) {
    refuse(which.name_at, which.name + " is written in a way that inject does not know");
  }
  remove_lines(which.name_at.line, std::max(last_line(which.value, mapping.at.column + 1), which.name_at.line + 1));
}

bool splice::has_remark(const node& at, std::string_view remark) const {
  std::string_view text = line(at.at.line);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return text.ends_with("# " + std::string(remark));
}

std::string splice::applied() const {
  std::vector<edit> in_order = edits_;
  std::stable_sort(in_order.begin(), in_order.end(), [](const edit& a, const edit& b) { return a.at < b.at; });
  std::string text;
  std::size_t copied = 0;
  for (const edit& each : in_order) {
    if (each.at > copied) text += of_.text.substr(copied, each.at - copied);
    text += each.text;
    copied = std::max(copied, each.at + each.erased);
  }
  return text.append(of_.text.substr(std::min(copied, of_.text.size())));
}

}  // namespace podmedic::manifest
