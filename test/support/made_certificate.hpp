#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <string>

namespace podmedic::test {

/// A self-signed certificate and its key, in PEM, made here and now; `openssl req` of Debian 12 makes no expired ones.
struct made_certificate {
  std::string certificate;
  std::string key;

  /// Valid from and until so long after now.
  static made_certificate valid(std::chrono::seconds from, std::chrono::seconds until, bool rsa = false,
                                const std::string& name = "localhost") {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(rsa ? ::EVP_RSA_gen(2048) : ::EVP_EC_gen("P-256"),
                                                             &::EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> made(::X509_new(), &::X509_free);
    static long serial = 0;
    ::X509_set_version(made.get(), X509_VERSION_3);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(made.get()), ++serial);
    ::X509_gmtime_adj(::X509_getm_notBefore(made.get()), from.count());
    ::X509_gmtime_adj(::X509_getm_notAfter(made.get()), until.count());
    X509_NAME* subject = ::X509_get_subject_name(made.get());
    ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.data()), -1,
                                 -1, 0);
    ::X509_set_issuer_name(made.get(), subject);
    ::X509_set_pubkey(made.get(), key.get());
    X509_EXTENSION* names = ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + name).c_str());
    ::X509_add_ext(made.get(), names, -1);
    ::X509_EXTENSION_free(names);
    ::X509_sign(made.get(), key.get(), ::EVP_sha256());
    return {text([&](BIO* to) { ::PEM_write_bio_X509(to, made.get()); }),
            text([&](BIO* to) { ::PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); })};
  }

 private:
  template <class Write>
  static std::string text(Write write) {
    const std::unique_ptr<BIO, int (*)(BIO*)> memory(::BIO_new(::BIO_s_mem()), &::BIO_free);
    write(memory.get());
    char* data = nullptr;
    const long size = ::BIO_get_mem_data(memory.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }
};

}  // namespace podmedic::test
