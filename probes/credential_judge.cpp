#include "probes/credential_judge.hpp"

#include "base/clock.hpp"
#include "probes/sample_text.hpp"

#include <algorithm>

namespace podmedic::probes {

namespace {

constexpr std::size_t remembered = 8;

std::string date(std::int64_t seconds) {
  constexpr std::int64_t year_10000 = 253'402'300'800;
  seconds = std::clamp<std::int64_t>(seconds, 0, year_10000 - 1);
  return to_rfc3339(wall_time(std::chrono::seconds(seconds)));
}

std::string name_of(const credential_sample& sample) {
  return sample.token ? "the token" : "the certificate";
}

}  // namespace

std::string credential_sample::to_text() const {
  sample_text words;
  words.add("type", std::string_view(token ? "token" : "certificate")).add("print", std::string_view(print));
  words.add("now", now);
  if (valid_from) words.add("from", *valid_from);
  if (valid_until) words.add("until", *valid_until);
  if (key_fits) words.add("keyFits", std::int64_t{*key_fits});
  if (served) {
    words.add("served", std::string_view(served->print)).add("servedSamePurpose", std::int64_t{served->same_purpose});
    words.add("servedFrom", served->valid_from).add("servedUntil", served->valid_until);
  }
  if (!not_served.empty()) words.add("notServed", std::string_view(not_served));
  if (main) {
    words.add("main", main->pid).add("started", main->started).add("boot", std::string_view(main->boot));
  }
  return words.to_text();
}

credential_sample credential_sample::parse(std::string_view line) {
  const sample_text words(line);
  credential_sample sample;
  sample.token = words.text("type") == "token";
  sample.print = words.text("print");
  sample.now = words.integer("now");
  if (words.has("from")) sample.valid_from = words.integer("from");
  if (words.has("until")) sample.valid_until = words.integer("until");
  if (words.has("keyFits")) sample.key_fits = words.integer("keyFits") != 0;
  if (words.has("served")) {
    sample.served = presented{words.text("served"), words.integer("servedFrom"), words.integer("servedUntil"),
                              words.integer("servedSamePurpose") != 0};
  }
  if (words.has("notServed")) sample.not_served = words.text("notServed");
  if (words.has("main"))
    sample.main = main_process{words.integer("main"), words.integer("started"), words.text("boot")};
  return sample;
}

credential_judge::credential_judge(credential_settings settings, std::string_view memory)
    : settings_(std::move(settings)),
      starts_({.files = {settings_.file}, .settle = settings_.max_load_delay}, memory) {}

verdict credential_judge::judge(const credential_sample& sample, milliseconds at) {
  if (sample.print != print_) {
    std::erase(past_, sample.print);
    if (!print_.empty()) past_.push_back(print_);
    if (past_.size() > remembered) past_.erase(past_.begin());
    print_ = sample.print;
    since_ = at;
  }
  verdict found = pass{};
  if (settings_.read_at_start && sample.main && !sample.token) {
    const verdict started = starts_.judge({sample.print, *sample.main}, at);
    if (const auto* failed = std::get_if<fail>(&started)) found = fail{{"NotReloaded", failed->why.message}};
  }
  if (auto forbids = forbidden(sample)) return *std::move(forbids);
  if (!settings_.served_at.empty() && !sample.token) return judge_served(sample, at);
  return std::holds_alternative<pass>(found) ? judge_validity(sample) : found;
}

std::optional<unknown> credential_judge::forbidden(const credential_sample& sample) const {
  const auto no = [](std::string reason, std::string what) {
    return unknown{{std::move(reason), std::move(what) + ": a restart would make it worse"}, true};
  };
  const std::string on_file = name_of(sample) + " in " + settings_.file;
  if (sample.key_fits == false) return no("KeyDoesNotMatch", on_file + " and its private key do not belong together");
  if (sample.valid_until && sample.now >= *sample.valid_until) {
    return no("CredentialExpired", on_file + " expired at " + date(*sample.valid_until));
  }
  if (sample.valid_from && sample.now < *sample.valid_from) {
    return no("CredentialNotYetValid", on_file + " is valid from " + date(*sample.valid_from));
  }
  return std::nullopt;
}

verdict credential_judge::judge_served(const credential_sample& sample, milliseconds at) const {
  if (!sample.served) return unknown{{"CouldNotAsk", sample.not_served}};
  const auto& served = *sample.served;
  if (served.print == sample.print) return judge_validity(sample);
  const bool was_on_file = std::find(past_.begin(), past_.end(), served.print) != past_.end();
  const bool is_older = served.same_purpose && sample.valid_from && served.valid_from < *sample.valid_from;
  const std::string what = settings_.served_at + " presents a certificate valid until " + date(served.valid_until);
  if (!was_on_file && !is_older) {
    return unknown{{"OtherCertificateServed", what + ", which is no predecessor of the one in " + settings_.file +
                                                  "; serverName, servedAt or file may be wrong"}};
  }
  const std::string instead = what + ", not the one in " + settings_.file;
  const milliseconds waited = at - since_;
  if (waited < settings_.max_load_delay) {
    return pass{instead + ", seen there for " + podmedic::to_text(waited)};
  }
  return fail{{"NotReloaded", instead + ", seen there for " + podmedic::to_text(waited)}};
}

verdict credential_judge::judge_validity(const credential_sample& sample) const {
  if (!sample.valid_until) return pass{name_of(sample) + " has no end"};
  const std::string until = name_of(sample) + " is valid until " + date(*sample.valid_until);
  const std::chrono::seconds left(*sample.valid_until - sample.now);
  if (left < settings_.min_validity) {
    return unknown{{"CredentialExpiresSoon", until + ", for less than " + podmedic::to_text(settings_.min_validity)}};
  }
  return pass{until};
}

}  // namespace podmedic::probes
