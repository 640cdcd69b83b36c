// Most Pods are probed without TLS, but libcurl initialises OpenSSL as soon as it is initialised itself, with all of
// its engines: over 1 MB of memory and a millisecond of each start. OpenSSL makes up for it at the first use of TLS.
#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <cstdint>

extern "C" {

int __real_OPENSSL_init_ssl(std::uint64_t options, const OPENSSL_INIT_SETTINGS* settings);

/// Stands in the place of OPENSSL_init_ssl(3) (the linker's --wrap, see CMakeLists.txt). libcurl is known by its asking
/// for the engines. podmedic must not depend on an openssl.cnf that an image happens to have.
int __wrap_OPENSSL_init_ssl(std::uint64_t options, const OPENSSL_INIT_SETTINGS* settings) {
  if ((options & OPENSSL_INIT_ENGINE_ALL_BUILTIN) != 0) return 1;
  return __real_OPENSSL_init_ssl(options | OPENSSL_INIT_NO_LOAD_CONFIG, settings);
}
}
