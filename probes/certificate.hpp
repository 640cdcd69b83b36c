#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

struct x509_st;

namespace podmedic::probes {

/// An X.509 certificate, for comparison. Nothing here verifies a chain or a signature.
class certificate {
 public:
  /// The first certificate of a PEM text, which is the leaf of a chain; or what is wrong with it, in one line.
  static std::variant<certificate, std::string> parse(std::string_view pem);
  /// Takes one reference of its own.
  static certificate of(x509_st* given);

  const std::string& fingerprint() const { return fingerprint_; }  ///< SHA-256, its first 16 bytes in hexadecimal
  std::int64_t not_before() const { return not_before_; }          ///< seconds since 1970, UTC
  std::int64_t not_after() const { return not_after_; }
  /// Whether the other one is for the same subject and names, with a key of the same type: its predecessor, it seems.
  bool same_purpose(const certificate& other) const;
  /// Whether the private key, in PEM, is this certificate's; or why it cannot be read.
  std::variant<bool, std::string> has_key(std::string_view pem) const;

 private:
  explicit certificate(std::shared_ptr<x509_st> given);
  std::shared_ptr<x509_st> x509_;
  std::string fingerprint_;
  std::int64_t not_before_ = 0;
  std::int64_t not_after_ = 0;
};

}  // namespace podmedic::probes
