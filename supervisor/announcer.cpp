#include "supervisor/announcer.hpp"

#include "base/log.hpp"

#include <utility>

namespace podmedic {

void announcer::publish_to(std::function<void(const announcement&)> events) {
  events_ = std::move(events);
  for (const announcement& a : std::exchange(unpublished_, {})) events_(a);
}

void announcer::tell(const policy::action::notice& what, wall_time at) {
  log::write(what.level == policy::severity::warning ? log::level::warning : log::level::info, what.message,
             {{"reason", what.reason}});
  ++counts_[what.reason];
  last_message_[what.reason] = what.message;
  latest_.push_back({at, what});
  if (latest_.size() > kept) latest_.pop_front();
  if (!what.publish) return;
  if (events_) {
    events_({at, what});
  } else if (unpublished_.size() < kept) {
    unpublished_.push_back({at, what});
  }
}

void announcer::tell_once(const policy::action::notice& what, wall_time at) {
  const auto last = last_message_.find(what.reason);
  if (last == last_message_.end() || last->second != what.message) tell(what, at);
}

}  // namespace podmedic
