#include "supervisor/preconditions.hpp"

#include "base/clock.hpp"
#include "base/foreign_text.hpp"
#include "probes/http_expectation.hpp"
#include "supervisor/policy/preconditions.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>

namespace podmedic {
namespace asio = boost::asio;
namespace {

using answered = policy::event::preconditions_answered;
using answer = answered::answer;
using kind = config::precondition_entry::kind;
using nlohmann::json;

/// A null where there is none.
const json& member(const json& object, const char* name) {
  static const json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string text_at(const json& object, const char* name) {
  const json& found = member(object, name);
  return found.is_string() ? foreign_text(found.get_ref<const std::string&>()) : std::string();
}

/// [time, "value"]
std::optional<double> value_of(const json& sample) {
  const json& pair = member(sample, "value");
  if (!pair.is_array() || pair.size() != 2 || !pair[1].is_string()) return std::nullopt;
  const auto& text = pair[1].get_ref<const std::string&>();
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data() + (text.starts_with('+') ? 1 : 0), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

answered::one judge_alerts(const std::string& target, const json& firing) {
  if (firing.empty()) return {answer::holds};
  const std::string name = text_at(member(firing.front(), "metric"), "alertname");
  const std::string more = firing.size() > 1 ? ", and " + std::to_string(firing.size() - 1) + " more" : "";
  return {answer::refuses, "alert " + name + more + ": expected " + target};
}

answered::one judge_query(const std::string& target, const json& result) {
  if (result.empty()) return {answer::refuses, target + ": it has no result"};
  for (const json& sample : result) {
    const std::optional<double> value = value_of(sample);
    if (!value) return {answer::silent, target + ": a value of its result is no number"};
    if (*value == 0 || std::isnan(*value)) {
      return {answer::refuses, target + ": its result is " + (*value == 0 ? "0" : "NaN")};
    }
  }
  return {answer::holds};
}

answered::one judge_http(const config::precondition_entry& asked, int status, bool text_found) {
  if (!asked.expected.contains(status)) {
    return {answer::refuses, asked.target + ": status " + std::to_string(status)};
  }
  if (!text_found) {
    return {answer::refuses,
            asked.target + ": the body does not contain \"" + foreign_text(asked.body_contains, 64) + "\""};
  }
  return {answer::holds};
}

asio::awaitable<answered::one> ask_http(http_client& http, const config::precondition_entry& asked,
                                        http_request request) {
  const auto search = std::make_shared<probes::text_search>(asked.body_contains);
  request.on_body = [search](std::string_view piece) {
    search->take(piece);
    return !search->found();
  };
  auto asking = http.send(std::move(request));
  const http_result result = co_await std::move(asking);
  if (const auto* failed = std::get_if<http_failure>(&result)) co_return answered::one{answer::silent, failed->message};
  co_return judge_http(asked, std::get<http_response>(result).status, search->found());
}

asio::awaitable<answered::one> ask_prometheus(http_client& http, const config::precondition_entry& asked,
                                              http_request request) {
  auto asking = http.send(std::move(request));
  const http_result result = co_await std::move(asking);
  if (const auto* failed = std::get_if<http_failure>(&result)) {
    co_return answered::one{answer::silent, asked.target + ": " + failed->message};
  }
  const auto& response = std::get<http_response>(result);
  co_return judge_prometheus(asked, response.status, response.body);
}

}  // namespace

answered::one judge_prometheus(const config::precondition_entry& asked, int status, std::string_view body) {
  const auto silent = [&](const std::string& why) { return answered::one{answer::silent, asked.target + ": " + why}; };
  const json said = json::parse(body, nullptr, false);
  if (status != 200 || member(said, "status") != "success") {
    const std::string error = text_at(said, "error");
    return silent("status " + std::to_string(status) +
                  (error.empty() ? ", and no answer of Prometheus" : ": " + error));
  }
  if (const json& warnings = member(said, "warnings"); !warnings.is_null() && !warnings.empty()) {
    return silent("a part of the data may be missing: Prometheus warns");
  }
  const json& data = member(said, "data");
  const json& result = member(data, "result");
  if (member(data, "resultType") != "vector" || !result.is_array()) {
    return silent("expected an instant vector, as in count(up == 1) >= 3");
  }
  return asked.of == kind::no_alert ? judge_alerts(asked.target, result) : judge_query(asked.target, result);
}

asio::awaitable<answered> ask_preconditions(http_client& http, std::vector<config::precondition_entry> all) {
  const instant deadline = boot_now() + policy::precondition_time;
  answered heard;
  for (const config::precondition_entry& asked : all) {
    http_request request = asked.request;
    request.fresh = true;  // a held connection would go on asking the endpoint that a Service had chosen once
    request.timeout = std::min(request.timeout, deadline - boot_now());
    if (request.timeout.count() <= 0) {
      heard.each.push_back({answer::silent, asked.target + ": no time was left for it"});
      continue;
    }
    auto asking = asked.of == kind::http ? ask_http(http, asked, std::move(request))
                                         : ask_prometheus(http, asked, std::move(request));
    answered::one one = co_await std::move(asking);
    heard.each.push_back(std::move(one));
  }
  co_return heard;
}

}  // namespace podmedic
