#pragma once
#include "base/time.hpp"
#include "probes/certificate.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <variant>

namespace podmedic::probes {

/// The leaf certificate that a TLS server presents to a client that asks for `server_name` (SNI; empty: for none); or
/// why none came within the timeout, in one line.
///
/// It is not verified: it is looked at and compared, and nothing is sent to the server or believed of it. With
/// verification, exactly the certificates that matter here (expired, of an old authority) could not be seen.
boost::asio::awaitable<std::variant<certificate, std::string>> served_certificate(boost::asio::ip::tcp::endpoint server,
                                                                                  std::string server_name,
                                                                                  milliseconds timeout);

}  // namespace podmedic::probes
