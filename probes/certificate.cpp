#include "probes/certificate.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>

namespace podmedic::probes {

namespace {

using bio = std::unique_ptr<BIO, int (*)(BIO*)>;

bio over(std::string_view text) {
  return {::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &::BIO_free};
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ::ASN1_TIME_to_tm(time, &parts) == 1 ? ::timegm(&parts) : 0;
}

/// Without it, OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

const ASN1_OCTET_STRING* names_of(const X509* given) {
  const int at = ::X509_get_ext_by_NID(given, NID_subject_alt_name, -1);
  return at < 0 ? nullptr : ::X509_EXTENSION_get_data(::X509_get_ext(given, at));
}

int key_type_of(const X509* given) {
  const EVP_PKEY* key = ::X509_get0_pubkey(given);
  return key == nullptr ? EVP_PKEY_NONE : ::EVP_PKEY_get_base_id(key);
}

}  // namespace

certificate::certificate(std::shared_ptr<x509_st> given) : x509_(std::move(given)) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  ::X509_digest(x509_.get(), ::EVP_sha256(), digest.data(), &size);
  constexpr char digits[] = "0123456789abcdef";
  for (unsigned i = 0; i < 16; ++i) {
    fingerprint_ += digits[digest[i] >> 4];
    fingerprint_ += digits[digest[i] & 15];
  }
  not_before_ = seconds_of(::X509_get0_notBefore(x509_.get()));
  not_after_ = seconds_of(::X509_get0_notAfter(x509_.get()));
}

certificate certificate::of(x509_st* given) {
  ::X509_up_ref(given);
  return certificate(std::shared_ptr<x509_st>(given, &::X509_free));
}

std::variant<certificate, std::string> certificate::parse(std::string_view pem) {
  const bio text = over(pem);
  std::shared_ptr<x509_st> read(::PEM_read_bio_X509(text.get(), nullptr, &no_passphrase, nullptr), &::X509_free);
  ::ERR_clear_error();
  if (!read) return "no X.509 certificate in PEM";
  return certificate(std::move(read));
}

bool certificate::same_purpose(const certificate& other) const {
  const X509* mine = x509_.get();
  const X509* its = other.x509_.get();
  if (::X509_NAME_cmp(::X509_get_subject_name(mine), ::X509_get_subject_name(its)) != 0) return false;
  const ASN1_OCTET_STRING* my_names = names_of(mine);
  const ASN1_OCTET_STRING* its_names = names_of(its);
  if ((my_names == nullptr) != (its_names == nullptr)) return false;
  if (my_names != nullptr && ::ASN1_OCTET_STRING_cmp(my_names, its_names) != 0) return false;
  return key_type_of(mine) == key_type_of(its);
}

std::variant<bool, std::string> certificate::has_key(std::string_view pem) const {
  const bio text = over(pem);
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
      ::PEM_read_bio_PrivateKey(text.get(), nullptr, &no_passphrase, nullptr), &::EVP_PKEY_free);
  const bool fits = key != nullptr && ::X509_check_private_key(x509_.get(), key.get()) == 1;
  ::ERR_clear_error();
  if (!key) return "no private key in PEM, or one with a passphrase";
  return fits;
}

}  // namespace podmedic::probes
