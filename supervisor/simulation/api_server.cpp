#include "supervisor/simulation/api_server.hpp"

#include <algorithm>
#include <charconv>

namespace podmedic::simulation {
namespace {

namespace action = policy::action;
namespace event = policy::event;
constexpr std::uint64_t for_api = 0x13;  // of random numbers
constexpr std::string_view prefix = "replica-";

bool happens(policy::random_source& random, double chance) {
  constexpr std::int64_t fine = 1'000'000;
  return chance > 0 && static_cast<double>(random.between(0, fine - 1)) < chance * static_cast<double>(fine);
}

}  // namespace

api_server::api_server(const plan& of, moment begin)
    : plan_(of),
      begin_(begin),
      random_(seed_of(of, for_api, 0)),
      leases_(static_cast<std::size_t>(of.rules.fleet.max_unavailable)),
      serving_(static_cast<std::size_t>(of.replicas)),
      generations_(static_cast<std::size_t>(of.replicas)) {}

policy::own_place api_server::place_of(int replica, int generation) const {
  return {"Deployment server", std::string(prefix) + std::to_string(replica) + '_' + std::to_string(generation), "1"};
}

bool api_server::reachable(int replica, moment now) const {
  const auto lasts = [&](const interruption& each) {
    return now >= begin_ + each.at && now < begin_ + each.at + each.lasts && is_in_share(plan_, each.share, replica);
  };
  const troubles& t = plan_.troubled;
  return std::none_of(t.outages.begin(), t.outages.end(), lasts) &&
         std::none_of(t.partitions.begin(), t.partitions.end(), lasts);
}

bool api_server::is_gone(const std::string& holder) const {
  int replica = 0;
  std::from_chars(holder.data() + prefix.size(), holder.data() + holder.size(), replica);
  return holder != place_of(replica, generations_.at(static_cast<std::size_t>(replica))).pod;
}

policy::fleet_view api_server::view_of(int replica) const {
  policy::fleet_view view;
  view.ready = view.serving = serving_[static_cast<std::size_t>(replica)];
  view.replicas = plan_.replicas;
  // As many as can matter: those that may leave, and those that must stay.
  const auto enough = static_cast<std::size_t>(plan_.rules.fleet.max_unavailable + plan_.rules.fleet.min_available);
  for (int i = 0; i < plan_.replicas && view.others_serving.size() < enough; ++i) {
    if (i != replica && serving_[static_cast<std::size_t>(i)])
      view.others_serving.push_back(std::string(prefix) + std::to_string(i));
  }
  return view;
}

event::lease_written api_server::write(const action::write_lease& asked) {
  policy::lease& stored = leases_.at(static_cast<std::size_t>(asked.slot));
  if (stored.version != asked.wanted.version || happens(random_, plan_.troubled.api_conflicts))
    return {.slot = asked.slot, .how = event::lease_written::result::conflict};
  stored = asked.wanted;
  stored.version = std::to_string(++version_);
  return {.slot = asked.slot, .how = event::lease_written::result::written, .now = stored};
}

policy::any_event api_server::answer(int replica, const api_request& request, moment now) {
  ++requests_;
  const bool failed = !reachable(replica, now) || happens(random_, plan_.troubled.api_failures);
  const policy::api_silence silence{false, "the API server does not answer"};
  if (const auto* read = std::get_if<action::read_lease>(&request)) {
    if (failed) return event::lease_read{read->slot, silence};
    const policy::lease& stored = leases_.at(static_cast<std::size_t>(read->slot));
    const bool looks = read->look_for_holder && !stored.holder.empty();
    if (looks) ++requests_;
    return event::lease_read{read->slot, stored, looks && is_gone(stored.holder)};
  }
  if (const auto* write_asked = std::get_if<action::write_lease>(&request)) {
    if (failed)
      return event::lease_written{
          .slot = write_asked->slot, .how = event::lease_written::result::silence, .why = silence};
    return write(*write_asked);
  }
  if (failed) return event::fleet_read{silence};
  constexpr std::uint64_t parts = 4;  // the Pod, its endpoints, budgets, the workload
  requests_ += parts - 1;
  return event::fleet_read{view_of(replica)};
}

}  // namespace podmedic::simulation
