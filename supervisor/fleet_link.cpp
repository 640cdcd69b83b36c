#include "supervisor/fleet_link.hpp"

#include "base/clock.hpp"
#include "k8s/disruption_budget.hpp"
#include "k8s/endpoints.hpp"
#include "k8s/lease.hpp"

#include <utility>

namespace podmedic {
namespace {

namespace asio = boost::asio;
namespace event = policy::event;
constexpr milliseconds request_time{2'000};

policy::api_silence silence_of(const k8s::api_failure& failure) {
  const bool will_not_help = failure.fault == k8s::api_fault::denied || failure.fault == k8s::api_fault::rejected;
  return {will_not_help, failure.message};
}

policy::lease lease_of(const k8s::lease_object& found) {
  return {.holder = found.holder,
          .duration = found.duration,
          .transitions = found.transitions,
          .unrecovered = policy::read_unrecovered(found.unrecovered),
          .version = found.version};
}

}  // namespace

event::place_found fleet_link::found(const k8s::pod_facts& pod) {
  own_pod_ = pod.name;
  own_holder_ = pod.name + '_' + pod.uid;
  labels_ = pod.labels;
  workload_ = k8s::workload_of(pod, use_.workload);
  if (!workload_) {
    return {.place = {}, .why_not = "the Pod has no controller, so no other replicas; name one with fleet.workload"};
  }
  const std::string name = workload_->kind.empty() ? workload_->name : workload_->kind + ' ' + workload_->name;
  return {.place = policy::own_place{name, own_holder_, workload_->revision}};
}

template <class Value, class Take>
bool fleet_link::take_part(const k8s::api_result<Value>& read, policy::fleet_view& view, policy::api_silence& silence,
                           Take take) {
  const auto* failure = std::get_if<k8s::api_failure>(&read);
  if (failure == nullptr) {
    seen_.insert(typeid(Value));
    take(std::get<Value>(read));
    return true;
  }
  const bool denied = failure->fault == k8s::api_fault::denied && !seen_.contains(typeid(Value));
  const bool absent = failure->fault == k8s::api_fault::not_found || failure->fault == k8s::api_fault::rejected;
  if (denied || absent) view.not_seen.push_back(failure->message);
  if (!denied && !absent) silence = {false, failure->message};
  return denied || absent;
}

asio::awaitable<event::fleet_read> fleet_link::read_fleet() {
  policy::fleet_view view;
  policy::api_silence silence;
  view.ready = true;  // in doubt it has something to lose
  // The container and the exit code that parse_pod() asks for are of no interest here.
  const auto pod = co_await k8s::read_pod(api_, own_pod_, {}, 0, request_time);
  if (!take_part(pod, view, silence, [&](const k8s::pod_facts& facts) { view.ready = facts.ready; })) {
    co_return event::fleet_read{std::move(silence)};
  }
  const auto endpoints = co_await k8s::read_endpoints(api_, own_pod_, use_.service, request_time);
  const auto take_endpoints = [&](const k8s::serving_endpoints& found) {
    view.serving = found.own;
    view.others_serving.assign(found.others.begin(), found.others.end());
  };
  view.endpoints_seen = std::holds_alternative<k8s::serving_endpoints>(endpoints);
  view.serving = view.ready;  // where nothing else is known
  if (!take_part(endpoints, view, silence, take_endpoints)) co_return event::fleet_read{std::move(silence)};
  const auto budgets = co_await k8s::read_disruption_budgets(api_, labels_, request_time);
  const auto take_budgets = [&](const std::vector<k8s::disruption_budget_status>& found) {
    for (const auto& each : found) view.budgets.push_back({each.name, each.current_healthy, each.desired_healthy});
  };
  if (!take_part(budgets, view, silence, take_budgets)) co_return event::fleet_read{std::move(silence)};
  const auto rollout = co_await k8s::read_rollout(api_, *workload_, request_time);
  const auto take_rollout = [&](const k8s::rollout& found) {
    view.replicas = found.replicas;
    view.rolling_out = found.under_way;
  };
  if (!take_part(rollout, view, silence, take_rollout)) co_return event::fleet_read{std::move(silence)};
  co_return event::fleet_read{std::move(view)};
}

asio::awaitable<bool> fleet_link::is_gone(std::string holder) {
  const auto pod = co_await k8s::read_pod(api_, policy::pod_name_of(holder), {}, 0, request_time);
  if (const auto* failure = std::get_if<k8s::api_failure>(&pod)) {
    co_return failure->fault == k8s::api_fault::not_found;
  }
  const auto& facts = std::get<k8s::pod_facts>(pod);
  co_return facts.being_deleted || facts.name + '_' + facts.uid != holder;
}

asio::awaitable<event::lease_read> fleet_link::read_lease(policy::action::read_lease asked) {
  auto read = co_await k8s::read_lease(api_, workload_->lease_name(asked.slot), request_time);
  if (const auto* failure = std::get_if<k8s::api_failure>(&read)) {
    co_return event::lease_read{asked.slot, silence_of(*failure)};
  }
  event::lease_read answer{asked.slot, lease_of(std::get<k8s::lease_object>(read))};
  const std::string holder = std::get<policy::lease>(answer.found).holder;
  if (asked.look_for_holder && !holder.empty() && holder != own_holder_) {
    answer.holder_is_gone = co_await is_gone(holder);
  }
  co_return answer;
}

asio::awaitable<event::lease_written> fleet_link::write_lease(policy::action::write_lease asked) {
  using result = event::lease_written::result;
  k8s::lease_object wanted{.holder = asked.wanted.holder,
                           .duration = asked.wanted.duration,
                           .transitions = asked.wanted.transitions,
                           .unrecovered = policy::to_json(asked.wanted.unrecovered),
                           .version = asked.wanted.version};
  auto written = co_await k8s::write_lease(api_, workload_->lease_name(asked.slot), std::move(wanted), asked.new_holder,
                                           wall_now(), request_time);
  if (const auto* failure = std::get_if<k8s::api_failure>(&written)) {
    const bool beaten = failure->fault == k8s::api_fault::conflict || failure->fault == k8s::api_fault::not_found;
    co_return event::lease_written{
        .slot = asked.slot, .how = beaten ? result::conflict : result::silence, .now = {}, .why = silence_of(*failure)};
  }
  co_return event::lease_written{
      .slot = asked.slot, .how = result::written, .now = lease_of(std::get<k8s::lease_object>(written)), .why = {}};
}

}  // namespace podmedic
