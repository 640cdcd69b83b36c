# One pinned libcurl, built statically and small, for every build (dev, test, release): see fetch_curl.sh.
include(FetchContent)

set(PODMEDIC_THIRD_PARTY "${CMAKE_SOURCE_DIR}/build/third_party" CACHE PATH "where fetched sources are kept")
set(curl_tarball "${PODMEDIC_THIRD_PARTY}/curl-8.14.1.tar.gz")
execute_process(COMMAND "${CMAKE_SOURCE_DIR}/base/fetch_curl.sh" "${PODMEDIC_THIRD_PARTY}" RESULT_VARIABLE fetched)
if(NOT fetched EQUAL 0)
  message(FATAL_ERROR "libcurl's source is not here; see the message above")
endif()

# curl's own options. Cache entries with FORCE, because curl's CMakeLists ignores plain variables.
foreach(on IN ITEMS
    BUILD_STATIC_LIBS HTTP_ONLY ENABLE_ARES USE_NGHTTP2 CURL_USE_OPENSSL CURL_ZLIB CURL_DISABLE_INSTALL
    CURL_DISABLE_LDAP CURL_DISABLE_LDAPS CURL_DISABLE_NTLM CURL_DISABLE_KERBEROS_AUTH CURL_DISABLE_NEGOTIATE_AUTH
    CURL_DISABLE_AWS CURL_DISABLE_ALTSVC CURL_DISABLE_HSTS CURL_DISABLE_COOKIES CURL_DISABLE_DOH CURL_DISABLE_NETRC
    CURL_DISABLE_PROXY CURL_DISABLE_WEBSOCKETS CURL_DISABLE_IPFS CURL_DISABLE_MIME CURL_DISABLE_SRP
    CURL_DISABLE_GETOPTIONS CURL_DISABLE_PROGRESS_METER CURL_DISABLE_BINDLOCAL CURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG
    CURL_DISABLE_BASIC_AUTH CURL_DISABLE_BEARER_AUTH CURL_DISABLE_DIGEST_AUTH CURL_DISABLE_HTTP_AUTH
    CURL_DISABLE_FORM_API CURL_DISABLE_HEADERS_API CURL_DISABLE_PARSEDATE CURL_DISABLE_SHUFFLE_DNS
    CMAKE_DISABLE_FIND_PACKAGE_Perl)
  set(${on} ON CACHE STRING "" FORCE)
endforeach()
foreach(off IN ITEMS
    BUILD_CURL_EXE BUILD_EXAMPLES BUILD_LIBCURL_DOCS BUILD_MISC_DOCS ENABLE_CURL_MANUAL ENABLE_THREADED_RESOLVER
    CURL_BROTLI CURL_ZSTD USE_LIBIDN2 CURL_USE_LIBPSL CURL_USE_LIBSSH2 CURL_USE_LIBSSH CURL_USE_GSSAPI USE_LIBRTMP
    PICKY_COMPILER CURL_ENABLE_EXPORT_TARGET)
  set(${off} OFF CACHE STRING "" FORCE)
endforeach()
set(CURL_CA_BUNDLE /etc/ssl/certs/ca-certificates.crt CACHE STRING "" FORCE)
set(CURL_CA_PATH none CACHE STRING "" FORCE)
set(OPENSSL_USE_STATIC_LIBS ON)
set(ZLIB_USE_STATIC_LIBS ON)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)

set(BUILD_TESTING OFF CACHE BOOL "" FORCE)
FetchContent_Declare(curl URL "${curl_tarball}"
  URL_HASH SHA256=6766ada7101d292b42b8b15681120acd68effa4a9660935853cf6d61f0d984d4 DOWNLOAD_EXTRACT_TIMESTAMP OFF)
FetchContent_GetProperties(curl)
if(NOT curl_POPULATED)
  FetchContent_Populate(curl)
  add_subdirectory(${curl_SOURCE_DIR} ${curl_BINARY_DIR} EXCLUDE_FROM_ALL SYSTEM)
endif()

# C throws nothing, so its unwind tables (0.6 MB, most of it OpenSSL's) are dead weight in a small program.
target_compile_options(libcurl_static PRIVATE $<$<CONFIG:MinSizeRel>:-fno-asynchronous-unwind-tables>)
if(CMAKE_BUILD_TYPE STREQUAL "MinSizeRel" AND CMAKE_OBJCOPY)
  foreach(library IN ITEMS OpenSSL::SSL OpenSSL::Crypto)
    get_target_property(archive ${library} IMPORTED_LOCATION)
    cmake_path(GET archive FILENAME name)
    set(smaller "${CMAKE_BINARY_DIR}/third_party/${name}")
    file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/third_party")
    execute_process(COMMAND "${CMAKE_OBJCOPY}" --remove-section=.eh_frame "${archive}" "${smaller}" COMMAND_ERROR_IS_FATAL ANY)
    set_target_properties(${library} PROPERTIES IMPORTED_LOCATION "${smaller}")
  endforeach()
endif()
