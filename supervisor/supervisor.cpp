#include "supervisor/supervisor.hpp"

#include "base/clock.hpp"
#include "base/end_processes.hpp"
#include "base/log.hpp"
#include "supervisor/config/limits.hpp"
#include "supervisor/config/presets.hpp"
#include "supervisor/file_watch.hpp"
#include "supervisor/podinfo_doubts.hpp"
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

/// What the annotations say now, in a Pod that began with `first`.
config::configuration parse_edited(mistakes in_file, config::annotations given, const config::configuration& first,
                                   const std::string& limits) {
  config::keep_presets(first, given, in_file);
  config::configuration parsed = config::parse_within(limits, given);
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
      override_(options_.override_directory),
      diagnostics_(options_.state_directory),
      cluster_(context_, http_, options_),
      drain_({http_, processes_, &containers_.names_by_id()},
             [this](const std::string& hook, const std::string& error) {
               announcer_.tell({policy::severity::warning, "HookFailed", "hook " + hook + ": " + error}, wall_now());
             }),
      startup_(context_, processes_, {http_, processes_, &containers_.names_by_id()}, options_.container,
               options_.state_directory,
               [this](const policy::action::notice& told) { announcer_.tell(told, wall_now()); }),
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
  first_configuration_ = config::parse_within(options_.limits, first.empty() ? annotations_ : first);
  override_.read(in_file);
  effective_ = override_.over(annotations_);
  config::configuration edited = parse_edited(in_file, effective_, first_configuration_, options_.limits);
  auto admitted = config::admit_live_edit(first_configuration_, first_configuration_, std::move(edited));
  use(std::move(admitted.use));
  const bool paused = configuration_.rules.paused_until && wall_now() < *configuration_.rules.paused_until;
  const bool acts = configuration_.rules.in_mode == policy::mode::enforce && !paused && !medic_->facts().safe_mode;
  startup_.begin(configuration_, acts, processes_.shares_namespace() && !processes_.sees_the_node());
  open_surface();
  say_mistakes(configuration_.found, admitted.refused);
  if (!processes_.shares_namespace()) {
    feed(policy::event::support_found{policy::support::missing,
                                      "podmedic cannot see the Pod's processes: set shareProcessNamespace: true"});
  }
  feed(policy::event::tick{});
  asio::co_spawn(context_, watch_annotations(options_.podinfo_file), asio::detached);
  if (override_.mounted()) asio::co_spawn(context_, watch_annotations(override_.file()), asio::detached);
  asio::co_spawn(context_, watch_containers(), asio::detached);
  cluster_.on_gate_trouble([this](bool wanted, const std::string& why) {
    const std::string condition = std::string("condition podmedic.io/InService to ") + (wanted ? "True" : "False");
    if (why.empty()) {
      announcer_.tell({policy::severity::normal, "InServiceSet", "set the " + condition}, wall_now());
      return;
    }
    announcer_.tell(
        {policy::severity::warning, "InServiceNotSet",
         "cannot set the " + condition + ": " + why +
             (wanted ? "; with a readinessGate for it the Pod is not Ready until this is mended: see "
                       "deploy/rbac.yaml (patch on pods/status), or remove the readinessGate"
                     : "; until this is mended only podmedic's readinessProbe takes the Pod out of traffic")},
        wall_now());
  });
  announcer_.publish_to([this](const announcement& a) { cluster_.publish(a); });
  const auto learn = [this](const cluster_findings& found) {
    if (!found.off.empty()) {
      announcer_.tell_once({policy::severity::normal, "KubernetesApiOff", found.off, false}, wall_now());
    }
    containers_.learn(found.names_by_id);
    why_not_back_ = found.why_not_back;
    if (found.startup_allowance) startup_.learn_allowance(*found.startup_allowance);
    sidecars_ = found.sidecars;
    if (found.own_exit_code_seen) feed(policy::event::exit_not_honoured{});
    if (processes_.shares_namespace()) feed(policy::event::support_found{found.can_restart, found.why_not});
    find_support_of_scopes();
    say_who_is_not_stopped();
  };
  cluster_.start(configuration_.rules.fleet, learn, [this](policy::any_event told) { feed(std::move(told)); });
}

config::annotations supervisor::read_annotations(mistakes& found) {
  constexpr std::size_t most_bytes = 512 * 1024;  // Kubernetes allows 256 KiB of annotations, quoted here
  const auto content = read_file(options_.podinfo_file, most_bytes);
  if (const auto* error = std::get_if<file_error>(&content)) {
    announcer_.tell_once({policy::severity::warning, "PodinfoUnreadable",
                          error->message + ": podmedic has no configuration and judges nothing; mount a downwardAPI "
                                           "volume with metadata.annotations there"},
                         wall_now());
    return annotations_;
  }
  const std::size_t before = found.size();
  config::annotations all = config::parse_annotation_file(std::get<std::string>(content), found);
  const auto mounts = read_file("/proc/self/mountinfo", most_bytes);
  const auto* mountinfo = std::get_if<std::string>(&mounts);
  const bool alone = mountinfo != nullptr && is_mounted_alone(*mountinfo, options_.podinfo_file);
  for (const auto& doubt :
       doubts_of_podinfo(options_.podinfo_file, {found.begin() + static_cast<long>(before), found.end()}, all, alone)) {
    announcer_.tell_once(doubt, wall_now());
  }
  return all;
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
  policy::startup_sight sight;  // what is left of a container that has ended does not speak for it
  see_startup(processes_.containers(containers_.names_by_id()), options_.container, sight);
  const auto oldest = sight.others_run ? containers_.oldest_start() : std::nullopt;
  from.last_restart = fate_of(opened.book.last(), oldest, processes_.shares_namespace());
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
  if (unix_error)
    say(surface_.listen_abstract(surface::abstract_name(state_.path())), "`podmedic check` does not work");
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
    const auto running =
        std::find_if(probes_.begin(), probes_.end(), [&](const auto& p) { return p->loop.name() == entry.name; });
    if (running != probes_.end()) {
      (*running)->loop.use(entry);
      continue;
    }
    added = true;
    probes_.push_back(std::make_unique<running_probe>(
        context_, entry, surroundings_of(entry), [this, name = entry.name] { return nobody_to_ask(name); },
        [this](probe_loop& loop, const check_result& result) { on_result(loop.name(), result); }));
    running_probe& made = *probes_.back();
    auto ended = [&made](std::exception_ptr) { made.ended = true; };
    asio::co_spawn(context_, made.loop.run(probes_.size() - 1, random_seed()),
                   asio::bind_cancellation_slot(made.cancel.slot(), std::move(ended)));
  }
  if (!added) return;
  for (const containers::started& c : containers_.running()) feed(policy::event::container_started{c.name, c.at});
}

probes::surroundings supervisor::surroundings_of(const config::probe_entry& entry) {
  return {.http = http_,
          .processes = containers_,
          .container = entry.container,
          .in_container = entry.in_container,
          .memory_file = state_.path() + "/probe-" + entry.name};
}

void supervisor::say_mistakes(const mistakes& found, const mistakes& refused) {
  std::set<std::string> now;
  for (const mistakes* all : {&found, &refused}) {
    for (const mistake& m : *all) {
      const auto [text, is_new] = now.insert((override_.has(m.source) ? "the fleet's override of " : "") + m.to_text());
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
  override_.read(in_file);
  config::annotations effective = override_.over(now);
  if (now == annotations_ && effective == effective_) return;
  effective_ = std::move(effective);
  const bool first_ever = annotations_.empty() && medic_->book().first_annotations.empty();
  annotations_ = std::move(now);
  if (first_ever) {
    medic_->remember_first_annotations(annotations_);
    first_configuration_ = config::parse_within(options_.limits, annotations_);
    configuration_ = first_configuration_;
  }
  config::configuration edited = parse_edited(in_file, effective_, first_configuration_, options_.limits);
  auto admitted = config::admit_live_edit(first_configuration_, configuration_, std::move(edited));
  say_mistakes(admitted.use.found, admitted.refused);
  announcer_.tell({policy::severity::normal, "ConfigurationRead", "annotations or the fleet's override changed", false},
                  wall_now());
  use(std::move(admitted.use));
}

asio::awaitable<void> supervisor::watch_annotations(std::string file) {
  file_watch watch(context_.get_executor(), file);
  for (;;) {
    co_await watch.changed();
    reread_annotations();
  }
}

asio::awaitable<void> supervisor::watch_containers() {
  asio::steady_timer timer(context_);
  for (;;) {
    look_at_containers();
    find_support_of_scopes();
    timer.expires_after(std::chrono::seconds(1));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

void supervisor::look_at_containers() {
  const std::vector<containers::started> fresh = containers_.look();
  for (const containers::started& c : fresh) feed(policy::event::container_started{c.name, c.at});
  if (!fresh.empty()) say_who_is_not_stopped();
  for (const std::string& scope : scopes_with_obstacle()) {
    const bool is_pod = scope == policy::lifecycle::pod_scope;
    if (!containers_.unkillable(is_pod ? "" : scope)) feed(policy::event::obstacle_gone{scope});
  }
  if (containers_.has_nameless()) cluster_.names_wanted();
}

std::vector<std::string> supervisor::scopes_with_obstacle() const {
  std::vector<std::string> scopes;
  for (const policy::lifecycle& scope : medic_->scopes()) {
    if (scope.met_obstacle()) scopes.push_back(scope.scope());
  }
  return scopes;
}

void supervisor::find_support_of_scopes() {
  std::vector<std::string> containers;
  for (const policy::lifecycle& scope : medic_->scopes()) containers.push_back(scope.scope());
  for (const std::string& container : containers) {
    if (container != policy::lifecycle::pod_scope) find_support_alone(container);
  }
  find_support_of_signals();
}

void supervisor::find_support_of_signals() {
  if (configuration_.rules.without_support != policy::fallback::signal_all) return;
  if (!processes_.shares_namespace() || containers_.seen().empty()) return;
  std::optional<std::string> why_not;
  for (const container_processes& each : containers_.seen()) {
    if (each.name.empty()) {
      why_not =
          "a container's name is not known: set PODMEDIC_CONTAINER in its environment and run it as podmedic's "
          "uid, or grant podmedic get on pods";
    } else if (const auto why = why_not_end(each.name, &each.members.front())) {
      why_not = "container " + each.name + ": " + *why;
    }
    if (why_not) break;
  }
  if (why_not == medic_->facts().why_not_signal_all) return;
  const auto found = why_not ? policy::support::missing : policy::support::verified;
  feed(policy::event::support_found{found, why_not.value_or(""), {}, policy::method::signal_all});
}

std::optional<std::string> supervisor::why_not_end(const std::string& container, const process* main) const {
  if (processes_.sees_the_node()) {
    return "with hostPID podmedic cannot tell the Pod's processes from the node's; remove hostPID";
  }
  if (const auto from_api = why_not_back_.find(container); from_api != why_not_back_.end()) return from_api->second;
  return main == nullptr ? std::nullopt : why_not_signal(*main);
}

void supervisor::find_support_alone(const std::string& container) {
  const auto found = containers_.of(container);
  const auto* seen = std::get_if<const container_processes*>(&found);
  std::optional<std::string> why_not;
  if (container == options_.container) {
    why_not = "podmedic does not restart itself";
  } else if (!processes_.shares_namespace()) {
    why_not = "podmedic cannot see its processes: set shareProcessNamespace: true";
  } else {
    why_not = why_not_end(container, seen == nullptr ? nullptr : &(*seen)->members.front());
    if (seen == nullptr && !why_not) return;  // what was found of its last process holds until there is another
  }
  const std::string* known = policy::why_unsupported(medic_->facts(), container);
  if (why_not ? known != nullptr && *known == *why_not : known == nullptr) return;
  feed(policy::event::support_found{why_not ? policy::support::missing : policy::support::verified,
                                    why_not.value_or(""), container});
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
  if (containers_.find(entry->container) == containers::presence::running) return std::nullopt;
  return std::get<diagnosis>(containers_.of(entry->container));
}

void supervisor::on_result(const std::string& probe, check_result result) {
  if (std::holds_alternative<fail>(result.found)) {
    look_at_containers();  // it may have died, or been started anew, since the check began
    if (auto nobody = nobody_to_ask(probe)) result.found = unknown{std::move(*nobody)};
  }
  log::debug("check", {{"probe", probe},
                       {"verdict", verdict_names.at(result.found.index())},
                       {"ms", std::to_string(result.duration.count())}});
  feed(policy::event::check_done{probe, result.found, result.duration});
}

}  // namespace podmedic
