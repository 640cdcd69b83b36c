#include "supervisor/supervisor.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "supervisor/file_watch.hpp"
#include "supervisor/running_probe.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/random.h>

#include <algorithm>
#include <csignal>
#include <exception>

namespace podmedic {
namespace asio = boost::asio;
namespace {

constexpr std::string_view mirror_annotation = "podmedic.io/last-restart";

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed) {
    seed = static_cast<std::uint64_t>(wall_now().time_since_epoch().count());
  }
  return seed;
}

/// podmedic's own are kept, without what it writes there itself, and the rest dropped; says whether it had written.
bool keep_ours(config::annotations& given) {
  std::erase_if(given, [](const auto& a) { return a.first.find("podmedic.io/") == std::string::npos; });
  return given.erase(std::string(mirror_annotation)) > 0;
}

config::configuration parse_with(const mistakes& in_file, const config::annotations& given) {
  config::configuration parsed = config::parse(given);
  parsed.found.insert(parsed.found.begin(), in_file.begin(), in_file.end());
  return parsed;
}

policy::fate fate_of(const policy::restart_record* last, std::optional<instant> oldest_start, bool can_see) {
  if (last == nullptr || !can_see) return policy::fate::cannot_tell;
  // podmedic is the first container: after a restart of all, the others are younger than it or not there yet.
  return oldest_start && *oldest_start < last->at ? policy::fate::unchanged : policy::fate::restarted;
}

}  // namespace

supervisor::supervisor(run_options options)
    : options_(std::move(options)),
      processes_(options_.rehearsed_pod),
      containers_(processes_, options_.container),
      state_(options_.state_directory),
      cluster_(context_, http_, options_),
      drain_({http_, processes_, &containers_.names_by_id()},
             [this](const std::string& hook, const std::string& error) {
               announcer_.tell({policy::severity::warning, "HookFailed", "hook " + hook + ": " + error}, wall_now());
             }),
      surface_(context_, [this](const surface::question& asked) { return answer(asked); }),
      tick_(context_) {}

supervisor::~supervisor() = default;

int supervisor::run() {
  asio::co_spawn(context_, wait_for_signal(), asio::detached);
  begin();
  context_.run();
  return exit_code_;
}

void supervisor::begin() {
  started_ = boot_now();
  left_readiness_ = started_;
  mistakes in_file;
  annotations_ = read_annotations(in_file);
  const bool mirrored = keep_ours(annotations_);
  containers_.look();
  medic_ = std::make_unique<policy::medic>(beginning_of_life(mirrored), started_);
  const auto& first = medic_->book().first_annotations;
  first_configuration_ = config::parse(first.empty() ? annotations_ : first);
  config::configuration edited = parse_with(in_file, annotations_);
  auto admitted = config::admit_live_edit(first_configuration_, first_configuration_, std::move(edited));
  use(std::move(admitted.use));
  open_surface();
  say_mistakes(configuration_.found, admitted.refused);
  if (!processes_.shares_namespace()) {
    feed(policy::event::support_found{policy::support::missing,
                                      "podmedic cannot see the Pod's processes: set shareProcessNamespace: true"});
  }
  feed(policy::event::tick{});
  asio::co_spawn(context_, watch_annotations(), asio::detached);
  asio::co_spawn(context_, watch_containers(), asio::detached);
  announcer_.publish_to([this](const announcement& a) { cluster_.publish(a); });
  cluster_.start([this](const cluster_findings& found) {
    if (!found.off.empty()) {
      announcer_.tell_once({policy::severity::normal, "KubernetesApiOff", found.off, false}, wall_now());
    }
    containers_.learn(found.names_by_id);
    if (found.own_exit_code_seen) feed(policy::event::exit_not_honoured{});
    if (processes_.shares_namespace()) feed(policy::event::support_found{found.can_restart, found.why_not});
  });
}

config::annotations supervisor::read_annotations(mistakes& found) {
  constexpr std::size_t most_bytes = 512 * 1024;  // Kubernetes allows 256 KiB of annotations, quoted here
  const auto content = read_file(options_.podinfo_file, most_bytes);
  if (const auto* error = std::get_if<file_error>(&content)) {
    announcer_.tell_once({policy::severity::warning, "PodinfoUnreadable",
                          error->message + ": podmedic has no configuration and judges nothing; mount a downwardAPI "
                                           "volume with metadata.annotations there"}, wall_now());
    return annotations_;
  }
  return config::parse_annotation_file(std::get<std::string>(content), found);
}

policy::medic::beginning supervisor::beginning_of_life(bool mirrored) {
  std::optional<milliseconds> sandbox_age = processes_.sandbox_age(started_);
  if (options_.rehearsed_sandbox_started) sandbox_age = started_ - *options_.rehearsed_sandbox_started;
  auto opened = state_.open(sandbox_age, mirrored);
  if (opened.book.first_annotations.empty()) opened.book.first_annotations = annotations_;
  config::configuration before = config::parse(opened.book.first_annotations);
  policy::medic::beginning from;
  from.use = std::move(before.rules);
  from.found = opened.found;
  from.damage = std::move(opened.damage);
  from.last_restart = fate_of(opened.book.last(), containers_.oldest_start(), processes_.shares_namespace());
  from.book = std::move(opened.book);
  from.seed = random_seed();
  return from;
}

void supervisor::open_surface() {
  const auto say = [this](const std::optional<std::string>& error, const std::string& consequence) {
    if (error) announcer_.tell({policy::severity::warning, "ListenFailed", *error + ": " + consequence}, wall_now());
  };
  say(surface_.listen_tcp(options_.address, options_.port), "no /metrics and /status over TCP; choose another --port");
  const auto unix_error = surface_.listen_unix(state_.socket_path());
  say(unix_error, "`podmedic restart` and `stand-down` do not work; mount a writable emptyDir as state directory");
  if (unix_error) say(surface_.listen_abstract(surface::abstract_name(state_.path())), "`podmedic check` does not work");
}

void supervisor::use(config::configuration next) {
  configuration_ = std::move(next);
  feed(policy::event::rules_changed{configuration_.rules});
  const auto entry_of = [this](const std::string& name) {
    return std::find_if(configuration_.probes.begin(), configuration_.probes.end(),
                        [&](const config::probe_entry& e) { return e.name == name; });
  };
  std::erase_if(probes_, [&](const std::unique_ptr<running_probe>& p) {
    const bool gone = entry_of(p->loop.name()) == configuration_.probes.end();
    if (gone) p->cancel.emit(asio::cancellation_type::terminal);
    return gone && p->ended;
  });
  if (medic_->facts().safe_mode) return;
  bool added = false;
  for (const config::probe_entry& entry : configuration_.probes) {
    const auto running = std::find_if(probes_.begin(), probes_.end(), [&](const auto& p) { return p->loop.name() == entry.name; });
    if (running != probes_.end()) {
      (*running)->loop.use(entry);
      continue;
    }
    added = true;
    probes_.push_back(std::make_unique<running_probe>(
        context_, entry, probes::surroundings{http_}, [this, name = entry.name] { return nobody_to_ask(name); },
        [this](probe_loop& loop, const check_result& result) { on_result(loop.name(), result); }));
    running_probe& made = *probes_.back();
    auto ended = [&made](std::exception_ptr) { made.ended = true; };
    asio::co_spawn(context_, made.loop.run(probes_.size() - 1, random_seed()),
                   asio::bind_cancellation_slot(made.cancel.slot(), std::move(ended)));
  }
  if (!added) return;
  for (const containers::started& c : containers_.running()) feed(policy::event::container_started{c.name, c.at});
}

void supervisor::say_mistakes(const mistakes& found, const mistakes& refused) {
  std::set<std::string> now;
  for (const mistakes* all : {&found, &refused}) {
    for (const mistake& m : *all) {
      const auto [text, is_new] = now.insert(m.to_text());
      if (!is_new || said_mistakes_.contains(*text)) continue;
      announcer_.tell({policy::severity::warning, "ConfigurationMistake", *text}, wall_now());
    }
  }
  said_mistakes_ = std::move(now);
}

void supervisor::reread_annotations() {
  mistakes in_file;
  config::annotations now = read_annotations(in_file);
  keep_ours(now);
  if (now == annotations_) return;
  const bool first_ever = annotations_.empty() && medic_->book().first_annotations.empty();
  annotations_ = std::move(now);
  config::configuration edited = parse_with(in_file, annotations_);
  if (first_ever) {
    medic_->remember_first_annotations(annotations_);
    first_configuration_ = edited;
    configuration_ = edited;
  }
  auto admitted = config::admit_live_edit(first_configuration_, configuration_, std::move(edited));
  say_mistakes(admitted.use.found, admitted.refused);
  announcer_.tell({policy::severity::normal, "ConfigurationRead", "annotations changed", false}, wall_now());
  use(std::move(admitted.use));
}

asio::awaitable<void> supervisor::watch_annotations() {
  file_watch watch(context_.get_executor(), options_.podinfo_file);
  for (;;) {
    co_await watch.changed();
    reread_annotations();
  }
}

asio::awaitable<void> supervisor::watch_containers() {
  asio::steady_timer timer(context_);
  for (;;) {
    look_at_containers();
    timer.expires_after(std::chrono::seconds(1));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

void supervisor::look_at_containers() {
  for (const containers::started& c : containers_.look()) feed(policy::event::container_started{c.name, c.at});
  if (containers_.has_nameless()) cluster_.names_wanted();
}

asio::awaitable<void> supervisor::wait_for_signal() {
  asio::signal_set signals(context_, SIGTERM, SIGINT);
  const int signal = co_await signals.async_wait(asio::use_awaitable);
  feed(policy::event::stood_down{signal == SIGTERM ? "SIGTERM" : "SIGINT"});
  medic_->end_cleanly();
  state_.save(medic_->book());
  co_await cluster_.flush(last_words);
  end(0);
}

std::optional<diagnosis> supervisor::nobody_to_ask(const std::string& probe) const {
  const auto entry = std::find_if(configuration_.rules.probes.begin(), configuration_.rules.probes.end(),
                                  [&](const policy::probe_rules& p) { return p.name == probe; });
  if (entry == configuration_.rules.probes.end() || !policy::wants_restart(*entry)) return std::nullopt;
  if (!processes_.shares_namespace()) return std::nullopt;
  const std::string who = entry->container.empty() ? "the other container" : "container " + entry->container;
  switch (containers_.find(entry->container)) {
    case containers::presence::running:
      return std::nullopt;
    case containers::presence::absent:
      return diagnosis{"NoProcess", who + " has no process: the kubelet is starting it, or it has completed"};
    case containers::presence::not_seen:
      return diagnosis{"ContainerNotSeen", "nothing tells which processes are those of " + who +
                                               ": set PODMEDIC_CONTAINER in its environment and run it as podmedic's "
                                               "uid, or grant podmedic `get` on pods"};
  }
  return std::nullopt;
}

void supervisor::on_result(const std::string& probe, check_result result) {
  if (std::holds_alternative<fail>(result.found)) {
    look_at_containers();  // it may have died, or been started anew, since the check began
    if (auto nobody = nobody_to_ask(probe)) result.found = unknown{std::move(*nobody)};
  }
  log::debug("check", {{"probe", probe},
                       {"verdict", verdict_names.at(result.found.index())},
                       {"ms", std::to_string(result.duration.count())}});
  feed(policy::event::check_done{probe, result.found});
}

}  // namespace podmedic
