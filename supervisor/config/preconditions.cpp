#include "supervisor/policy/preconditions.hpp"
#include "base/foreign_text.hpp"
#include "base/http_fields.hpp"
#include "base/url.hpp"
#include "probes/http_target.hpp"
#include "supervisor/config/parts.hpp"
#include "supervisor/config/words.hpp"

#include <algorithm>

namespace podmedic::config {
namespace {

using namespace std::chrono_literals;
constexpr std::size_t most_preconditions = 8;

void read_http(fields& own, precondition_entry& into) {
  into.request = probes::read_http_target(own, "/");
  into.request.method = read_http_method(own, "GET");
  into.request.body = own.text("body", "");
  // Narrower than a probe's: a redirect to a page for logging in says nothing for a restart.
  const auto expected = status_ranges::parse(own.text("expectStatus", "200-299"));
  if (!expected) own.complain("expectStatus", "expected codes from 100 to 599, as in \"200-299\" or \"200,204\"");
  into.expected = expected.value_or(status_ranges{});
  into.body_contains = own.text("bodyContains", "");
  own.finish();
  into.target = "http " + into.request.method + " " + foreign_text(into.request.url);
}

std::string form_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) {
      encoded += c;
    } else {
      encoded += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return encoded;
}

/// As a string of PromQL, whose escapes are Go's.
std::string quoted_for_promql(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

void read_prometheus(fields& own, precondition_entry& into) {
  into.request = probes::read_http_target(own, "/");
  std::string& url = into.request.url;
  if (url.find('?') != std::string::npos) {
    own.complain("url", "expected the address of Prometheus itself, as in http://prometheus.monitoring:9090");
  }
  const std::string alert = own.text("noAlert", "");
  std::string query = own.text("query", "");
  into.of = alert.empty() ? precondition_entry::kind::query : precondition_entry::kind::no_alert;
  if (alert.empty() == query.empty()) own.complain("", "expected exactly one of noAlert and query");
  if (std::any_of(alert.begin(), alert.end(), [](unsigned char c) { return c < ' '; })) {
    own.complain("noAlert", "expected a regular expression for names of alerts, in one line");
  }
  own.finish();
  const std::string base = foreign_text(url);
  into.target = alert.empty() ? "query " + foreign_text(query) + " at " + base
                              : "no firing alert " + foreign_text(alert) + " at " + base;
  if (!alert.empty()) {
    query = "count by (alertname) (ALERTS{alertstate=\"firing\",alertname=~" + quoted_for_promql(alert) + "})";
  }
  while (url.ends_with('/')) url.pop_back();
  url += "/api/v1/query";
  into.request.method = "POST";  // Prometheus takes queries of any length so
  into.request.headers.emplace_back("Content-Type: application/x-www-form-urlencoded");
  into.request.body = "query=" + form_encoded(query);
}

policy::precondition_rules read_one(fields& in, precondition_entry& into) {
  policy::precondition_rules rules;
  if (in.has("http") == in.has("prometheus")) in.complain("", "expected exactly one of http and prometheus");
  if (auto own = in.object("http")) read_http(*own, into);
  if (auto own = in.object("prometheus")) read_prometheus(*own, into);
  into.request.timeout = in.seconds("timeoutSeconds", 3s, 100ms, policy::precondition_time);
  rules.silence = read_word(in, "onUnreachable", rules.silence);
  in.finish();
  rules.asked = in.canonical();
  return rules;
}

}  // namespace

void read_preconditions(fields& in, configuration& into) {
  constexpr std::string_view name = "preconditions";
  if (is_misspelt(in, name)) {
    into.rules.preconditions = {policy::precondition_rules{}};
    return into.preconditions.clear();
  }
  if (!in.has(name)) return;
  into.rules.preconditions.clear();
  into.preconditions.clear();
  for (fields& each : in.objects(name)) {
    into.rules.preconditions.push_back(read_one(each, into.preconditions.emplace_back()));
  }
  if (into.preconditions.size() > most_preconditions) {
    in.complain(name, most_preconditions, "there may be at most " + std::to_string(most_preconditions));
  }
  if (!in.failed(name)) return;
  into.rules.preconditions = {policy::precondition_rules{}};
  into.preconditions.clear();
}

}  // namespace podmedic::config
