#include "probes/connections_judge.hpp"

#include "base/clock.hpp"
#include "probes/sample_text.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace podmedic::probes {

namespace {

using way = connections_sample::way;

/// Cuts the text up to the mark, or the whole.
std::string_view next(std::string_view& text, char mark) {
  const std::size_t end = std::min(text.find(mark), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

template <class Number>
Number number(std::string_view text) {
  Number value{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) {
    throw std::invalid_argument("sample: " + std::string(text) + " is no number");
  }
  return value;
}

/// ID/PORT/PEER/QUEUED/TAKEN/RETRANSMITS/WINDOW
std::string text_of(const connections_sample::pending& one) {
  return std::to_string(one.id) + "/" + std::to_string(one.port) + "/" + one.peer + "/" + std::to_string(one.queued) +
         "/" + std::to_string(one.taken) + "/" + std::to_string(one.retransmits) +
         (one.window_closed ? "/closed" : "/open");
}

connections_sample::pending parse_pending(std::string_view text, way data) {
  connections_sample::pending one;
  one.id = number<std::uint64_t>(next(text, '/'));
  one.data = data;
  one.port = number<std::uint16_t>(next(text, '/'));
  one.peer = next(text, '/');
  one.queued = number<std::int64_t>(next(text, '/'));
  one.taken = number<std::uint64_t>(next(text, '/'));
  one.retransmits = number<int>(next(text, '/'));
  one.window_closed = text == "closed";
  return one;
}

/// PORT/LENGTH/BACKLOG/ID/ID…
std::string text_of(const connections_sample::accept_queue& queue) {
  std::string text =
      std::to_string(queue.port) + "/" + std::to_string(queue.length) + "/" + std::to_string(queue.backlog);
  for (const std::uint64_t id : queue.waiting) text += "/" + std::to_string(id);
  return text;
}

connections_sample::accept_queue parse_queue(std::string_view text) {
  connections_sample::accept_queue queue;
  queue.port = number<std::uint16_t>(next(text, '/'));
  queue.length = number<std::int64_t>(next(text, '/'));
  queue.backlog = number<std::int64_t>(next(text, '/'));
  while (!text.empty()) queue.waiting.insert(number<std::uint64_t>(next(text, '/')));
  return queue;
}

std::string bytes(std::int64_t count) {
  return std::to_string(count) + " bytes";
}

/// Reason, and what is wrong with the data of that connection.
diagnosis why(const connections_sample::pending& one, milliseconds waited) {
  const std::string told = bytes(one.queued) + " have not moved for " + to_text(waited);
  if (one.data == way::receiving) {
    return {"DataNotRead", "the connection to " + one.peer + ": the application does not read, " + told};
  }
  if (one.window_closed) {
    return {"PeerNotReading", "the connection to " + one.peer + ": the peer answers and does not read, " + told};
  }
  return {"DataNotAcknowledged", "the connection to " + one.peer + ": the peer does not answer, " + told + " (" +
                                     std::to_string(one.retransmits) + " retransmits)"};
}

diagnosis why(const connections_sample::accept_queue& queue, milliseconds waited) {
  const bool full = queue.length > queue.backlog;
  return {"NotAccepting", "port " + std::to_string(queue.port) + ": of " + std::to_string(queue.waiting.size()) +
                              " connections that wait none was accepted for " + to_text(waited) + " (backlog " +
                              std::to_string(queue.backlog) + (full ? ", full)" : ")")};
}

}  // namespace

std::string connections_sample::to_text() const {
  std::string sending, receiving, accepting;
  for (const pending& one : data) {
    std::string& list = one.data == way::sending ? sending : receiving;
    list += (list.empty() ? "" : ",") + text_of(one);
  }
  for (const accept_queue& queue : queues) accepting += (accepting.empty() ? "" : ",") + text_of(queue);
  sample_text words;
  words.add("connections", connections);
  if (!sending.empty()) words.add("sending", std::string_view(sending));
  if (!receiving.empty()) words.add("receiving", std::string_view(receiving));
  if (!accepting.empty()) words.add("accepting", std::string_view(accepting));
  return words.to_text();
}

connections_sample connections_sample::parse(std::string_view line) {
  const sample_text words(line);
  connections_sample sample;
  sample.connections = words.integer("connections");
  for (const auto& [name, data] : {std::pair{"sending", way::sending}, std::pair{"receiving", way::receiving}}) {
    const std::string list = words.has(name) ? words.text(name) : "";
    for (std::string_view rest = list; !rest.empty();) sample.data.push_back(parse_pending(next(rest, ','), data));
  }
  const std::string list = words.has("accepting") ? words.text("accepting") : "";
  for (std::string_view rest = list; !rest.empty();) sample.queues.push_back(parse_queue(next(rest, ',')));
  return sample;
}

void connections_judge::follow(const connections_sample& sample, milliseconds at) {
  std::map<pending_key, pending_since> pending_now;
  for (const auto& one : sample.data) {
    const pending_key key{one.id, one.data};
    const auto before = pending_.find(key);
    const bool stands = before != pending_.end() && before->second.taken == one.taken;
    pending_now[key] = {one.taken, stands ? before->second.since : at};
  }
  pending_ = std::move(pending_now);

  std::map<std::uint16_t, waiting_since> waiting_now;
  for (const auto& queue : sample.queues) {
    if (queue.waiting.empty()) continue;
    const auto before = waiting_.find(queue.port);
    const bool stands = before != waiting_.end() && std::includes(queue.waiting.begin(), queue.waiting.end(),
                                                                  before->second.ids.begin(), before->second.ids.end());
    waiting_now[queue.port] = {queue.waiting, stands ? before->second.since : at};
  }
  waiting_ = std::move(waiting_now);
}

verdict connections_judge::judge(const connections_sample& sample, milliseconds at) {
  follow(sample, at);
  for (const auto& queue : sample.queues) {
    const auto found = waiting_.find(queue.port);
    if (found == waiting_.end()) continue;
    const milliseconds waited = at - found->second.since;
    if (waited >= stalled_) return fail{why(queue, waited)};
  }
  const connections_sample::pending* worst = nullptr;
  milliseconds longest{0};
  std::size_t stalled = 0;
  for (const auto& one : sample.data) {
    const milliseconds waited = at - pending_.at({one.id, one.data}).since;
    if (waited < stalled_) continue;
    ++stalled;
    if (worst == nullptr || waited > longest) {
      worst = &one;
      longest = waited;
    }
  }
  if (worst == nullptr) {
    return pass{std::to_string(sample.connections) + " connections, " + std::to_string(sample.data.size()) +
                " with data under way"};
  }
  diagnosis told = why(*worst, longest);
  if (stalled > 1) told.message += "; and " + std::to_string(stalled - 1) + " more";
  return fail{std::move(told)};
}

}  // namespace podmedic::probes
