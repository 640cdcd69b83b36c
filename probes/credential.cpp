#include "base/clock.hpp"
#include "base/foreign_text.hpp"
#include "base/own_addresses.hpp"
#include "base/url.hpp"
#include "probes/certificate.hpp"
#include "probes/credential_judge.hpp"
#include "probes/jwt.hpp"
#include "probes/probe_file.hpp"
#include "probes/probe_memory.hpp"
#include "probes/registry.hpp"
#include "probes/served_certificate.hpp"

#include <openssl/crypto.h>
#include <boost/asio/ip/address.hpp>

#include <functional>

namespace podmedic::probes {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t max_file_bytes = 256 * 1024;
/// A server that presents the certificate on file goes on doing so, as a rule; a handshake costs both sides a
/// millisecond.
constexpr milliseconds look_again = 5min;

struct credential_target {
  credential_settings judged;
  std::string key_file;
  std::optional<asio::ip::tcp::endpoint> server;
  std::string server_name;
};

/// What is on file.
struct credential_on_file {
  std::optional<certificate> x509;  ///< else a token
  token_validity token;
};

class credential_probe final : public probe {
 public:
  credential_probe(const surroundings& around, credential_target target)
      : around_(around),
        target_(std::move(target)),
        memory_(around.memory_file),
        judge_(target_.judged, memory_.text()) {}

  asio::awaitable<verdict> check(milliseconds timeout) override {
    credential_sample sample;
    if (auto why = read_file_into(sample)) co_return *std::move(why);
    was_good_ = true;
    if (target_.judged.read_at_start) {
      const auto found = around_.processes.of(around_.container);
      if (const auto* why = std::get_if<diagnosis>(&found)) co_return unknown{*why};
      const process& main = std::get<const container_processes*>(found)->members.front();
      sample.main = main_process{main.pid, main.started.time_since_epoch().count(), boot_};
    }
    if (target_.server && on_file_.x509) {
      auto looking = look_at_server(sample, timeout);
      co_await std::move(looking);
    }
    sample.now = std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count();
    if (around_.on_sample) around_.on_sample(sample.to_text());
    verdict judged = judge_.judge(sample, boot_now().time_since_epoch());
    if (target_.judged.read_at_start) memory_.keep(judge_.memory());
    co_return judged;
  }

 private:
  /// Where there was a good one and is none now, whoever starts finds none.
  unknown no_credential(diagnosis why) const { return {std::move(why), was_good_}; }

  std::optional<unknown> read_file_into(credential_sample& sample) {
    const std::string& path = target_.judged.file;
    auto read = read_probe_file(around_, path, max_file_bytes);
    if (auto* why = std::get_if<diagnosis>(&read)) return no_credential(std::move(*why));
    auto& text = std::get<std::string>(read);
    auto why = parse_file(text);
    ::OPENSSL_cleanse(text.data(), text.size());
    if (why) return why;
    sample.token = !on_file_.x509;
    if (on_file_.x509) {
      sample.print = on_file_.x509->fingerprint();
      sample.valid_from = on_file_.x509->not_before();
      sample.valid_until = on_file_.x509->not_after();
      return target_.key_file.empty() ? std::nullopt : read_key_into(sample);
    }
    // Not even a digest of a token leaves this place.
    sample.print = std::to_string(on_file_.token.valid_until.value_or(0));
    sample.valid_from = on_file_.token.valid_from;
    sample.valid_until = on_file_.token.valid_until;
    return std::nullopt;
  }

  /// Keeps nothing of it but what is public: a token is a secret, and a private key may stand in the same file.
  std::optional<unknown> parse_file(std::string_view text) {
    const std::size_t digest = std::hash<std::string_view>{}(text);
    if (was_good_ && digest == digest_) return std::nullopt;
    credential_on_file found;
    if (const auto token = parse_jwt(text)) {
      found.token = *token;
    } else {
      auto x509 = certificate::parse(text);
      if (const auto* bad = std::get_if<std::string>(&x509)) {
        return no_credential({"NoCredential", target_.judged.file + ": " + *bad + ", and no JWT"});
      }
      found.x509 = std::move(std::get<certificate>(x509));
    }
    on_file_ = std::move(found);
    digest_ = digest;
    return std::nullopt;
  }

  /// The key is not kept: it is read at each check.
  std::optional<unknown> read_key_into(credential_sample& sample) const {
    auto read = read_probe_file(around_, target_.key_file, max_file_bytes);
    if (auto* why = std::get_if<diagnosis>(&read)) return no_credential(std::move(*why));
    auto& key = std::get<std::string>(read);
    const auto fits = on_file_.x509->has_key(key);
    ::OPENSSL_cleanse(key.data(), key.size());
    if (const auto* bad = std::get_if<std::string>(&fits)) {
      return no_credential({"KeyUnreadable", target_.key_file + ": " + *bad});
    }
    sample.key_fits = std::get<bool>(fits);
    return std::nullopt;
  }

  asio::awaitable<void> look_at_server(credential_sample& sample, milliseconds timeout) {
    const certificate& mine = *on_file_.x509;
    const instant now = boot_now();
    if (mine.fingerprint() != served_print_ || now - served_at_ >= look_again) {
      auto asking = served_certificate(*target_.server, target_.server_name, timeout);
      const auto shown = co_await std::move(asking);
      if (const auto* why = std::get_if<std::string>(&shown)) {
        sample.not_served = *why;
        co_return;
      }
      const auto& theirs = std::get<certificate>(shown);
      if (theirs.fingerprint() != mine.fingerprint()) {
        sample.served = {theirs.fingerprint(), theirs.not_before(), theirs.not_after(), mine.same_purpose(theirs)};
        co_return;
      }
      served_print_ = theirs.fingerprint();
      served_at_ = now;
    }
    sample.served = {served_print_, mine.not_before(), mine.not_after(), true};
  }

  const surroundings around_;
  const credential_target target_;
  const std::string boot_ = boot_id();
  probe_memory memory_;
  credential_judge judge_;
  std::size_t digest_ = 0;  ///< of the file that on_file_ was read from
  credential_on_file on_file_;
  std::string served_print_;  ///< the server presented that one of the file, then
  instant served_at_{};
  bool was_good_ = false;
};

std::string read_path(fields& own, std::string_view name, const std::string& path) {
  if (!path.empty() && !path.starts_with('/')) own.complain(name, "expected an absolute path, as in /certs/tls.crt");
  return path;
}

/// "127.0.0.1:8443", "[::1]:8443" or "localhost:8443".
std::optional<asio::ip::tcp::endpoint> read_server(fields& own) {
  if (!own.has("servedAt")) return std::nullopt;
  const std::string given = own.text("servedAt", "");
  const auto place = parse_url("https://" + given + "/");
  boost::system::error_code bad;
  const auto address = asio::ip::make_address(place && place->host != "localhost" ? place->host : "127.0.0.1", bad);
  if (!place || place->path != "/" || bad) {
    own.complain("servedAt", "expected an IP address and a port, as in \"127.0.0.1:8443\"");
    return std::nullopt;
  }
  return asio::ip::tcp::endpoint(address, place->port);
}

}  // namespace

/// credential: docs/probes/credential.md.
spec read_credential(fields& own) {
  credential_target target;
  target.judged.file = read_path(own, "file", own.required_text("file"));
  target.key_file = read_path(own, "keyFile", own.text("keyFile", ""));
  target.server = read_server(own);
  if (target.server) target.judged.served_at = own.text("servedAt", "");
  target.server_name = own.text("serverName", "");
  target.judged.read_at_start = own.flag("readAtStart", false);
  target.judged.max_load_delay = own.seconds("maxLoadDelaySeconds", target.judged.max_load_delay, 0ms, 24h);
  target.judged.min_validity = own.seconds("minValiditySeconds", 0ms, 0ms, 24h * 3660);
  if (own.has("servedAt") && target.judged.read_at_start) {
    own.complain("readAtStart",
                 "is for credentials that are not presented; servedAt shows what the process has loaded");
  }
  if (own.has("serverName") && !own.has("servedAt"))
    own.complain("serverName", "is part of servedAt, which is missing");
  own.finish();
  const std::string served = target.server ? " served at " + foreign_text(target.judged.served_at) : "";
  return {.target = "credential " + foreign_text(target.judged.file) + served,
          .local = !target.server || is_own_address(target.server->address().to_string()),
          .make = [target](const surroundings& around) -> std::unique_ptr<probe> {
            return std::make_unique<credential_probe>(around, target);
          },
          .replay = [settings = target.judged]() -> sample_judge {
            return [judge = std::make_shared<credential_judge>(settings, "")](std::string_view line, milliseconds at) {
              return judge->judge(credential_sample::parse(line), at);
            };
          }};
}

}  // namespace podmedic::probes
