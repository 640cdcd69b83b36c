// A fully static program would carry, and never call: glibc's name services, for libcrypto's own sockets and c-ares'
// names of ports (podmedic resolves by c-ares, and gives ports as numbers); dlopen, for engines and providers that it
// does not load; and the demangler, for what std::terminate prints. Their places are taken: 0.2 MB less.
#include <dlfcn.h>
#include <netdb.h>

#include <cerrno>
#include <cstddef>

extern "C" {

int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo** found) {
  *found = nullptr;
  return EAI_FAIL;
}
void freeaddrinfo(addrinfo*) noexcept {}
int getnameinfo(const sockaddr*, socklen_t, char*, socklen_t, char*, socklen_t, int) {
  return EAI_FAIL;
}
hostent* gethostbyname(const char*) {
  return nullptr;
}
servent* getservbyname(const char*, const char*) {
  return nullptr;
}
int getservbyport_r(int, const char*, servent*, char*, std::size_t, servent** found) {
  *found = nullptr;
  return ENOENT;
}
void* dlopen(const char*, int) noexcept {
  return nullptr;
}
/// As where the name is not mangled (-2): the type of an exception is then printed as it is.
char* __cxa_demangle(const char*, char*, std::size_t*, int* status) {
  if (status != nullptr) *status = -2;
  return nullptr;
}
}
