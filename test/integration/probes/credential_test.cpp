#include "test/integration/probes/a_probe.hpp"
#include "test/support/made_certificate.hpp"
#include "test/support/mounted_volume.hpp"
#include "test/support/raw_server.hpp"
#include "test/support/seen_processes.hpp"
#include "test/support/tls_server.hpp"

#include <gmock/gmock.h>

#include <chrono>

namespace podmedic::probes {
namespace {

using test::made_certificate;
using test::mounted_volume;
using test::tls_server;
using testing::HasSubstr;
using testing::StartsWith;

class credential_probe : public a_probe {
 protected:
  static std::map<std::string, std::string> pair(const made_certificate& made) {
    return {{"tls.crt", made.certificate}, {"tls.key", made.key}};
  }
  std::unique_ptr<probe> of(const std::string& more) {
    return make("{credential: {file: " + volume.file("tls.crt") + more + "}}");
  }
  std::string served_at(const std::string& port) const {
    return ", keyFile: " + volume.file("tls.key") + ", servedAt: \"127.0.0.1:" + port + "\"";
  }
  /// Asks until it says that; whether it does so soon.
  bool says_soon(probe& asked, const std::string& expected) {
    return test::holds_soon([&] { return ask(asked).starts_with(expected); });
  }
  bool forbids_restart(probe& asked) {
    const verdict found = test::run_coroutine(context, asked.check(5s));
    const auto* nothing = std::get_if<unknown>(&found);
    return nothing != nullptr && nothing->forbids_restart;
  }

  const made_certificate old = made_certificate::valid(-2h, 100h);
  const made_certificate next = made_certificate::valid(-1h, 200h);
  mounted_volume volume{pair(old)};
};

TEST_F(credential_probe, sees_that_a_server_presents_the_old_certificate_until_it_is_reloaded) {
  const tls_server server(volume.file("tls.crt"), volume.file("tls.key"));
  const auto probe = of(served_at(server.port()) + ", maxLoadDelaySeconds: 0.3");
  EXPECT_THAT(ask(*probe), StartsWith("Pass: the certificate is valid until "));
  volume.update(pair(next));
  EXPECT_THAT(ask(*probe),
              AllOf(StartsWith("Pass: 127.0.0.1:" + server.port() + " presents a certificate valid until "),
                    HasSubstr(", not the one in " + volume.file("tls.crt") + ", seen there for 0 ms")));
  EXPECT_TRUE(says_soon(*probe, "Fail NotReloaded: 127.0.0.1:" + server.port()));
  server.reload();
  EXPECT_TRUE(says_soon(*probe, "Pass: the certificate is valid until "));
}

TEST_F(credential_probe, knows_a_predecessor_that_it_never_saw_on_file) {
  const tls_server server(volume.file("tls.crt"), volume.file("tls.key"));
  volume.update(pair(next));
  const auto probe = of(served_at(server.port()) + ", maxLoadDelaySeconds: 0");
  EXPECT_THAT(ask(*probe), StartsWith("Fail NotReloaded"));
  for (const bool rsa : {true, false}) {
    volume.update(pair(made_certificate::valid(-1h, 1h, rsa, rsa ? "localhost" : "other.name")));
    EXPECT_THAT(ask(*of(served_at(server.port()) + ", maxLoadDelaySeconds: 0")),
                StartsWith("Unknown OtherCertificateServed"));
  }
}

TEST_F(credential_probe, sees_the_certificate_of_a_server_that_wants_the_clients) {
  const tls_server server(volume.file("tls.crt"), volume.file("tls.key"),
                          "ssl_verify_client on; ssl_client_certificate " + volume.file("tls.crt") + ";");
  EXPECT_THAT(ask(*of(served_at(server.port()))), StartsWith("Pass: the certificate is valid until "));
}

TEST_F(credential_probe, asks_for_the_server_name_that_it_is_given) {
  const mounted_volume other(pair(made_certificate::valid(-1h, 1h, false, "other.name")));
  const tls_server server(
      other.file("tls.crt"), other.file("tls.key"),
      "return 204;\n}\nserver {\nlisten 127.0.0.1:PORT ssl;\nserver_name by.name;\nssl_certificate " +
          volume.file("tls.crt") + ";\nssl_certificate_key " + volume.file("tls.key") + ";");
  EXPECT_THAT(ask(*of(served_at(server.port()))), StartsWith("Unknown OtherCertificateServed"));
  EXPECT_THAT(ask(*of(served_at(server.port()) + ", serverName: by.name")), StartsWith("Pass"));
}

TEST_F(credential_probe, forbids_a_restart_into_half_a_pair) {
  const tls_server server(volume.file("tls.crt"), volume.file("tls.key"));
  const auto probe = of(served_at(server.port()) + ", maxLoadDelaySeconds: 0");
  ASSERT_THAT(ask(*probe), StartsWith("Pass"));
  volume.update({{"tls.crt", next.certificate}, {"tls.key", old.key}});
  EXPECT_THAT(ask(*probe), StartsWith("Unknown KeyDoesNotMatch: the certificate in " + volume.file("tls.crt") +
                                      " and its private key do not belong together"));
  EXPECT_TRUE(forbids_restart(*probe));
  volume.update({{"tls.crt", next.certificate}, {"tls.key", "half a k"}});
  EXPECT_THAT(ask(*probe), StartsWith("Unknown KeyUnreadable"));
  EXPECT_TRUE(forbids_restart(*probe));
  volume.update(pair(next));
  EXPECT_THAT(ask(*probe), StartsWith("Fail NotReloaded"));
}

TEST_F(credential_probe, forbids_a_restart_into_a_certificate_that_is_not_valid_now) {
  const tls_server server(volume.file("tls.crt"), volume.file("tls.key"));
  const auto probe = of(served_at(server.port()) + ", maxLoadDelaySeconds: 0");
  ASSERT_THAT(ask(*probe), StartsWith("Pass"));
  volume.update(pair(made_certificate::valid(-2h, -1h)));
  EXPECT_THAT(ask(*probe), StartsWith("Unknown CredentialExpired"));
  EXPECT_TRUE(forbids_restart(*probe));
  volume.update(pair(made_certificate::valid(1h, 2h)));
  EXPECT_THAT(ask(*probe), StartsWith("Unknown CredentialNotYetValid"));
  EXPECT_TRUE(forbids_restart(*probe));
}

TEST_F(credential_probe, forbids_a_restart_where_a_credential_is_gone_that_was_there) {
  const auto probe = of("");
  ASSERT_THAT(ask(*probe), StartsWith("Pass"));
  volume.update({{"tls.crt", "-----BEGIN CERTIFICATE-----\nMIIB"}});
  EXPECT_THAT(ask(*probe), StartsWith("Unknown NoCredential"));
  EXPECT_TRUE(forbids_restart(*probe));
  volume.update({{"unrelated", ""}});
  EXPECT_THAT(ask(*probe), StartsWith("Unknown FileMissing"));
  EXPECT_TRUE(forbids_restart(*probe));
  EXPECT_FALSE(forbids_restart(*of(""))) << "it may be a mistake in the configuration";
}

TEST_F(credential_probe, warns_before_the_end_where_it_is_told_to) {
  EXPECT_THAT(ask(*of(", minValiditySeconds: 350000")), StartsWith("Pass"));
  EXPECT_THAT(ask(*of(", minValiditySeconds: 370000")), StartsWith("Unknown CredentialExpiresSoon"));
}

TEST_F(credential_probe, knows_nothing_where_no_server_shows_a_certificate) {
  tls_server server(volume.file("tls.crt"), volume.file("tls.key"));
  const auto probe = of(served_at(server.port()));
  server.stop();
  const auto refused = HasSubstr("refused");  // soon: its worker is gone a moment after it
  EXPECT_TRUE(test::holds_soon([&] { return testing::Value(ask(*probe), refused); }));
  EXPECT_THAT(ask(*probe), StartsWith("Unknown CouldNotAsk: TLS with 127.0.0.1:"));
  test::raw_server silent(context, "", test::raw_server::afterwards::wait);
  EXPECT_THAT(ask(*of(served_at(silent.port())), 200ms),
              AllOf(StartsWith("Unknown CouldNotAsk"), HasSubstr("no certificate within 200 ms")));
  test::raw_server plain(context, "HTTP/1.1 400 Bad Request\r\n\r\n", test::raw_server::afterwards::hang_up);
  EXPECT_THAT(ask(*of(served_at(plain.port()))), StartsWith("Unknown CouldNotAsk"));
}

TEST_F(credential_probe, sees_a_process_that_started_with_an_older_certificate) {
  test::child_process container({"/bin/sleep", "1000"});
  processes.given = test::seen_processes("engine", {container.pid()});
  const auto probe = of(", readAtStart: true, maxLoadDelaySeconds: 0.3");
  ASSERT_THAT(ask(*probe), StartsWith("Pass"));
  volume.update(pair(next));
  EXPECT_THAT(ask(*probe), StartsWith("Pass"));
  EXPECT_TRUE(says_soon(*probe, "Fail NotReloaded"));
  test::child_process restarted({"/bin/sleep", "1000"});
  processes.given = test::seen_processes("engine", {restarted.pid()});
  EXPECT_THAT(ask(*probe), StartsWith("Pass"));
}

/// RFC 4648, 5, without padding.
std::string base64url(const std::string& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  text = text.substr(0, text.find('='));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}
/// As the kubelet's TokenRequest gives it.
std::string token(std::chrono::seconds until) {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const std::string claims =
      R"({"aud":["https://kubernetes.default.svc"],"exp":)" + std::to_string(now + until.count()) +
      R"(,"iat":1,"kubernetes.io":{"namespace":"shop"},"nbf":1,"sub":"system:serviceaccount:shop:web"})";
  return base64url(R"({"alg":"RS256","kid":"k"})") + "." + base64url(claims) + "." + base64url("signature");
}

TEST_F(credential_probe, takes_a_rotated_token_for_no_failure_and_an_expired_one_for_no_credential) {
  mounted_volume tokens({{"token", token(1h)}});
  const auto probe =
      make("{credential: {file: " + tokens.file("token") + ", readAtStart: false, maxLoadDelaySeconds: 0}}");
  EXPECT_THAT(ask(*probe), StartsWith("Pass: the token is valid until "));
  for (int i = 0; i < 3; ++i) {
    tokens.update({{"token", token(2h + i * 1s)}});
    EXPECT_THAT(ask(*probe), StartsWith("Pass"));
  }
  tokens.update({{"token", token(-1s)}});
  EXPECT_THAT(ask(*probe), StartsWith("Unknown CredentialExpired: the token in "));
  EXPECT_TRUE(forbids_restart(*probe));
}

TEST_F(credential_probe, says_nothing_of_a_secret_in_its_samples) {
  std::string sample;
  around.on_sample = [&](const std::string& seen) { sample += seen; };
  const mounted_volume tokens({{"token", token(1h)}});
  ask_once("{credential: {file: " + tokens.file("token") + "}}");
  ask(*of(", keyFile: " + volume.file("tls.key")));
  EXPECT_THAT(sample, AllOf(HasSubstr("type=token"), HasSubstr("type=certificate"), HasSubstr("keyFits=1")));
  EXPECT_LT(sample.size(), 300U);
}

}  // namespace
}  // namespace podmedic::probes
