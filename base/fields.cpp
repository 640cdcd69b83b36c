#include "base/fields.hpp"

#include "base/scalars.hpp"
#include "base/yaml_tree.hpp"

#include <algorithm>
#include <cmath>

namespace podmedic {

using yaml::node;

struct fields::document {
  std::string source;
  std::string text;
  node root;
  mistakes& found;
  bool unreadable = false;
  std::vector<std::string> mistaken;  ///< the fields that have a mistake

  // An annotation of nothing but mistakes must not cost its own size a hundred times over.
  static constexpr std::size_t most = 32;

  void add(std::optional<yaml::position> at, std::string_view path, std::string_view message, bool unknown_field) {
    if (mistaken.size() > most) return;
    mistaken.push_back(printable(path, 128));
    if (mistaken.size() > most) {
      found.push_back({source, 0, 0, "", "has more mistakes than these " + std::to_string(most)});
      return;
    }
    const yaml::position place = at ? yaml::shown(text, *at) : yaml::position{};
    found.push_back({source, place.line, place.column, mistaken.back(), printable(message, 512), unknown_field});
  }
  bool failed(std::string_view path) const {
    return unreadable || mistaken.size() > most ||
           std::any_of(mistaken.begin(), mistaken.end(), [&](const auto& each) { return lies_in(each, path); });
  }
};

namespace {

std::string described(const node& value) {
  switch (value.is) {
    case node::kind::nothing: return "nothing";
    case node::kind::list: return "a list";
    case node::kind::mapping: return "a mapping";
    case node::kind::scalar: break;
  }
  return quoted(value.text);
}

std::string expected_but(std::string_view expected, const node& value) {
  if (value.is == node::kind::nothing) return "has no value; expected " + std::string(expected);
  return "expected " + std::string(expected) + ", found " + described(value);
}

std::string seconds_text(milliseconds value) {
  std::string text = std::to_string(value.count() / 1000);
  if (const auto rest = std::abs(value.count() % 1000); rest != 0) {
    std::string digits = std::to_string(1000 + rest).substr(1);
    while (digits.back() == '0') digits.pop_back();
    text += '.' + digits;
  }
  return text;
}

std::string number_text(double value) {
  std::string text = std::to_string(value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

/// A reader of text, narrowed to what lies between two bounds.
template <class Value, class Read, class Show>
std::variant<Value, std::string> bounded(const std::string& text, Value minimum, Value maximum, Read read, Show show) {
  std::variant<Value, std::string> result = read(text);
  if (const Value* value = std::get_if<Value>(&result); value && (*value < minimum || *value > maximum)) {
    return "must be from " + show(minimum) + " to " + show(maximum) + ", found " + printable(text, 32);
  }
  return result;
}

const auto integer_text = [](std::int64_t value) { return std::to_string(value); };

}  // namespace

fields fields::parse(std::string source, std::string_view text, mistakes& found) {
  std::vector<yaml::error> errors;
  std::optional<node> root = yaml::parse(text, errors);
  const bool unreadable = !root;
  node empty;
  empty.is = node::kind::mapping;
  std::shared_ptr<document> from(new document{std::move(source), std::string(text.substr(0, yaml::max_text_bytes)),
                                              root ? std::move(*root) : std::move(empty), found});
  for (const yaml::error& each : errors) from->add(each.at, each.field, each.message, false);
  from->unreadable = unreadable;
  return fields(from, from->root, "");
}

fields::fields(std::shared_ptr<document> from, const node& mapping, std::string path)
    : document_(std::move(from)), mapping_(&mapping), path_(std::move(path)) {}

fields::fields(fields&&) noexcept = default;
fields& fields::operator=(fields&&) noexcept = default;
fields::~fields() = default;

std::string fields::path_of(std::string_view name) const {
  if (path_.empty() || name.empty()) return path_ + std::string(name);
  return path_ + '.' + std::string(name);
}

void fields::complain_at(yaml::position at, std::string_view path, std::string_view message, bool unknown_field) {
  if (!document_->unreadable) document_->add(at, path, message, unknown_field);
}

const node* fields::ask(std::string_view name) {
  if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) asked_.emplace_back(name);
  const auto named = [&](const yaml::member& each) { return each.name == name; };
  const auto at = std::find_if(mapping_->members.begin(), mapping_->members.end(), named);
  return at == mapping_->members.end() ? nullptr : &at->value;
}

const node* fields::ask_scalar(std::string_view name, std::string_view expected, bool quotes_allowed) {
  const node* value = ask(name);
  if (!value) return nullptr;
  if (value->is == node::kind::scalar && (quotes_allowed || !value->quoted)) return value;
  std::string message = expected_but(expected, *value);
  if (value->is == node::kind::scalar) message += ", which is text; leave out the quotes";
  complain_at(value->at, path_of(name), message);
  return nullptr;
}

template <class Value, class Read>
Value fields::ask_value(std::string_view name, Value fallback, std::string_view expected, bool quotes_allowed,
                        Read read) {
  const node* value = ask_scalar(name, expected, quotes_allowed);
  if (!value) return fallback;
  const std::variant<Value, std::string> result = read(value->text);
  if (const Value* good = std::get_if<Value>(&result)) return *good;
  complain_at(value->at, path_of(name), std::get<std::string>(result));
  return fallback;
}

std::vector<std::pair<const node*, std::string>> fields::ask_items(std::string_view name, std::string_view expected) {
  std::vector<std::pair<const node*, std::string>> items;
  const node* value = ask(name);
  if (value && value->is != node::kind::list) complain_at(value->at, path_of(name), expected_but(expected, *value));
  if (!value || value->is != node::kind::list) return items;
  for (const node& item : value->items) {
    items.emplace_back(&item, path_of(name) + '[' + std::to_string(items.size()) + ']');
  }
  return items;
}

bool fields::has(std::string_view name) {
  return ask(name) != nullptr;
}

std::vector<std::string> fields::names() const {
  std::vector<std::string> result;
  for (const yaml::member& each : mapping_->members) result.push_back(each.name);
  return result;
}

std::string fields::text(std::string_view name, std::string fallback) {
  const node* value = ask_scalar(name, "text", true);
  return value ? value->text : std::move(fallback);
}

std::string fields::required_text(std::string_view name) {
  if (!has(name)) {
    complain(name, "is required");
    return {};
  }
  const node* value = ask_scalar(name, "text", true);
  if (value && value->text.empty()) complain(name, "must not be empty");
  return value ? value->text : std::string();
}

std::int64_t fields::integer(std::string_view name, std::int64_t fallback, std::int64_t minimum, std::int64_t maximum) {
  return ask_value(name, fallback, "a whole number", false, [&](const std::string& text) {
    return bounded(text, minimum, maximum, read_integer, integer_text);
  });
}

double fields::number(std::string_view name, double fallback, double minimum, double maximum) {
  return ask_value(name, fallback, "a number", false,
                   [&](const std::string& text) { return bounded(text, minimum, maximum, read_number, number_text); });
}

bool fields::flag(std::string_view name, bool fallback) {
  return ask_value(name, fallback, "true or false", false, [](const std::string& text) {
    if (text == "true" || text == "false") return std::variant<bool, std::string>(text == "true");
    return std::variant<bool, std::string>("expected true or false, found " + quoted(text));
  });
}

std::uint16_t fields::required_port(std::string_view name) {
  if (!has(name)) complain(name, "is required: a port, from 1 to 65535");
  return static_cast<std::uint16_t>(integer(name, 0, 1, 65535));
}

milliseconds fields::seconds(std::string_view name, milliseconds fallback, milliseconds minimum, milliseconds maximum) {
  return ask_value(name, fallback, "a number of seconds", false, [&](const std::string& text) {
    const auto in_seconds = [](milliseconds value) { return seconds_text(value); };
    return bounded(text, minimum, maximum, read_seconds, in_seconds);
  });
}

std::int64_t fields::bytes(std::string_view name, std::int64_t fallback, std::int64_t minimum, std::int64_t maximum) {
  return ask_value(name, fallback, "a quantity of bytes", true, [&](const std::string& text) {
    return bounded(text, minimum, maximum, read_quantity, integer_text);
  });
}

std::size_t fields::word(std::string_view name, std::size_t fallback, std::span<const std::string_view> words) {
  std::string all;
  for (const std::string_view each : words) all += (all.empty() ? "" : ", ") + std::string(each);
  all.insert(0, words.size() > 1 ? "one of " : "");
  return ask_value(name, fallback, all, true, [&](const std::string& text) -> std::variant<std::size_t, std::string> {
    const auto at = std::find(words.begin(), words.end(), text);
    if (at != words.end()) return static_cast<std::size_t>(at - words.begin());
    const std::string nearest = nearest_name(text, words);
    return "expected " + all + ", found " + quoted(text) + (nearest.empty() ? "" : "; did you mean " + nearest + "?");
  });
}

std::vector<std::string> fields::texts(std::string_view name) {
  std::vector<std::string> result;
  for (const auto& [item, path] : ask_items(name, "a list of texts")) {
    if (item->is == node::kind::scalar) {
      result.push_back(item->text);
    } else {
      complain_at(item->at, path, expected_but("text", *item));
    }
  }
  if (failed(name)) result.clear();
  return result;
}

std::vector<std::string> fields::text_or_texts(std::string_view name) {
  const node* value = ask(name);
  if (value && value->is == node::kind::list) return texts(name);
  if (!value) return {};
  std::string one = text(name, "");
  return failed(name) ? std::vector<std::string>{} : std::vector{std::move(one)};
}

std::vector<std::uint16_t> fields::ports(std::string_view name) {
  std::vector<std::uint16_t> result;
  for (const auto& [item, path] : ask_items(name, "a list of ports")) {
    if (item->is != node::kind::scalar || item->quoted) {
      complain_at(item->at, path, expected_but("a port, from 1 to 65535", *item));
      continue;
    }
    const auto port = bounded(item->text, std::int64_t{1}, std::int64_t{65535}, read_integer, integer_text);
    if (const auto* good = std::get_if<std::int64_t>(&port)) {
      result.push_back(static_cast<std::uint16_t>(*good));
    } else {
      complain_at(item->at, path, std::get<std::string>(port));
    }
  }
  if (failed(name)) result.clear();
  return result;
}

std::map<std::string, std::string> fields::text_map(std::string_view name) {
  std::map<std::string, std::string> result;
  const node* value = ask(name);
  if (value && value->is != node::kind::mapping) {
    complain_at(value->at, path_of(name), expected_but("a mapping of names to texts", *value));
  }
  if (!value || value->is != node::kind::mapping) return result;
  for (const yaml::member& each : value->members) {
    if (each.value.is == node::kind::scalar) {
      result.emplace(each.name, each.value.text);
    } else {
      complain_at(each.value.at, path_of(name) + '.' + each.name, expected_but("text", each.value));
    }
  }
  return result;
}

std::optional<fields> fields::object(std::string_view name) {
  const node* value = ask(name);
  if (!value) return std::nullopt;
  if (value->is == node::kind::mapping) return fields(document_, *value, path_of(name));
  complain_at(value->at, path_of(name), expected_but("a mapping", *value));
  return std::nullopt;
}

std::vector<fields> fields::objects(std::string_view name) {
  std::vector<fields> result;
  for (const auto& [item, path] : ask_items(name, "a list of mappings")) {
    if (item->is == node::kind::mapping) {
      result.push_back(fields(document_, *item, path));
    } else {
      complain_at(item->at, path, expected_but("a mapping", *item));
    }
  }
  return result;
}

void fields::complain(std::string_view name, std::string_view message) {
  const node* value = name.empty() ? nullptr : ask(name);
  complain_at(value ? value->at : mapping_->at, path_of(name), message);
}

void fields::complain(std::string_view name, std::size_t item, std::string_view message) {
  const node* list = ask(name);
  if (!list || item >= list->items.size()) return complain(name, message);
  complain_at(list->items[item].at, path_of(name) + '[' + std::to_string(item) + ']', message);
}

void fields::finish() {
  const std::vector<std::string_view> known(asked_.begin(), asked_.end());
  for (const yaml::member& each : mapping_->members) {
    if (std::find(known.begin(), known.end(), each.name) != known.end()) continue;
    const std::string nearest = nearest_name(each.name, known);
    std::string message = "unknown field " + quoted(each.name);
    if (!nearest.empty()) {
      message += "; did you mean " + nearest + "?";
    } else if (known.empty()) {
      message += "; expected no field here";
    } else {
      std::string all;
      for (const std::string_view name : known) all += (all.empty() ? "" : ", ") + std::string(name);
      message += "; expected one of " + all;
    }
    complain_at(each.name_at, path_of(each.name), message, true);
  }
}

bool fields::failed() const {
  return document_->failed(path_);
}

bool fields::failed(std::string_view name) const {
  return document_->failed(path_of(name));
}

std::string fields::canonical() const {
  return yaml::canonical(*mapping_);
}

}  // namespace podmedic
